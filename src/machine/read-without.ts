import type { Machine } from "./machine.ts";
import { readPrivateMemory } from "./private-memory.ts";
import { readMachine } from "./read.ts";

/** The machine as it is now, if these processes were gone: what they hold counts as free. */
export async function readMachineWithout(pids: readonly number[], root: string | undefined): Promise<Machine> {
  const [machine, held] = await Promise.all([readMachine({ root }), readPrivateMemory(pids)]);
  const { total, limit, available } = machine.memory;
  return { ...machine, memory: { ...machine.memory, available: Math.min(available + held, limit ?? total) } };
}
