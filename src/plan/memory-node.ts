import type { Machine } from "../machine/machine.ts";
import { privateBytes } from "./memory.ts";
import type { MemoryLedger } from "./plan.ts";

/** Of a node's memory that may be bound: the kernel and others live there, too. */
const MOST_OF_A_NODE = 0.9;

/**
 * The NUMA node that each worker's memory is bound to. Null where the machine has one node, where the worker's CPUs are
 * in several, and where the node is too small for what would be bound to it: a bound worker can't borrow elsewhere.
 *
 * @param workers the CPUs of each
 */
export function memoryNodes(
  machine: Machine,
  workers: readonly (readonly number[])[],
  memory: MemoryLedger,
): (number | null)[] {
  const nodes = machine.numaNodes.filter(({ memory }) => memory > 0);
  if (machine.os !== "linux" || nodes.length < 2) return workers.map(() => null);
  const homes = workers.map((cpus) =>
    nodes.find((node) => cpus.length > 0 && cpus.every((cpu) => node.cpus.includes(cpu))),
  );
  const each = privateBytes(memory) + memory.promptCache;
  return homes.map((home) => {
    const residents = homes.filter((other) => other === home).length;
    return home && memory.file + residents * each <= home.memory * MOST_OF_A_NODE ? home.id : null;
  });
}
