import type { Machine } from "../../src/machine/machine.ts";
import { readMachine } from "../../src/machine/read.ts";
import { unpackMachine } from "../fixtures/machines/unpack.ts";

const machines = new Map<string, Promise<Machine>>();

/** A machine of test/fixtures/machines, read once. */
export function knownMachine(name: string): Promise<Machine> {
  const machine = machines.get(name) ?? unpackAndRead(name);
  machines.set(name, machine);
  return machine;
}

async function unpackAndRead(name: string): Promise<Machine> {
  await using folder = await unpackMachine(name);
  return await readMachine({ root: folder.root });
}
