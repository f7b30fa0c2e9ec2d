import type { Machine } from "../src/machine/machine.ts";

/** Bytes that one C++ compiler may need at the largest files of llama.cpp, with some to spare. */
const MEMORY_PER_JOB = 1.5 * 1024 ** 3;

/** Compilers at once: one for each CPU that this process may use, fewer where memory is short, at least one. Pure. */
export function jobsFor({ cpus, memory }: Pick<Machine, "cpus" | "memory">): number {
  return Math.max(1, Math.min(cpus.length, Math.floor(memory.available / MEMORY_PER_JOB)));
}

/** Threads of a server that is proven: enough to see threads work together, and never more than there are CPUs. Pure. */
export function proofThreads({ cpus, cpuQuota }: Pick<Machine, "cpus" | "cpuQuota">): number {
  return Math.max(1, Math.min(2, cpus.length, Math.ceil(cpuQuota ?? Number.POSITIVE_INFINITY)));
}
