import { sleptToBeat } from "../slept.ts";
import { readUsableCpus } from "./affinity.ts";
import { readCgroups } from "./cgroup.ts";
import { formatCpuList } from "./cpulist.ts";
import type { Machine } from "./machine.ts";
import { readMemoryLimit } from "./memory.ts";
import { readCpuQuota } from "./quota.ts";
import { quickReader, type ReadText } from "./text-file.ts";

/** What may change under a running process and decides how the machine is split. How much memory is free does not. */
export interface MachineLimits {
  /** Ids of the CPUs this process may run on; null where the system does not tell. */
  readonly cpus: readonly number[] | null;
  /** See Machine.cpuQuota. */
  readonly cpuQuota: number | null;
  /** Bytes: see Memory.limit. */
  readonly memoryLimit: number | null;
}

export interface WatchOptions {
  /** As readMachine takes it. Default "/". */
  readonly root?: string | undefined;
  /** Milliseconds from one look to the next. Default 2000. */
  readonly interval?: number | undefined;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

const INTERVAL = 2_000;

/**
 * Looks at the limits of cgroups and at the affinity of this process again and again, and tells when they differ from
 * what they were. The kernel tells nobody of such a change, and a process may be moved to another cgroup: so all of it but
 * the mounts is read anew, some twenty small files. Resolves when the signal aborts, never rejects, keeps no process alive.
 *
 * @param known the limits that the caller goes by; what has changed since is told at the first look
 * @param tell what to do about it. No other look is taken until it resolves
 */
export async function watchLimits(
  known: MachineLimits,
  tell: (limits: MachineLimits, before: MachineLimits) => Promise<void>,
  { root = "/", interval = INTERVAL, signal }: WatchOptions,
): Promise<void> {
  const read = remembering(quickReader(root), "/proc/self/mountinfo");
  let before = known;
  while (await sleptToBeat(interval, signal, { ref: false })) {
    const limits = await readLimits(read);
    if (signal.aborted || changesOf(before, limits).length === 0) continue;
    const last = before;
    before = limits;
    await tell(limits, last).catch(() => {});
  }
}

export function limitsOf({ cpus, cpuQuota, memory }: Machine): MachineLimits {
  return { cpus: cpus.map(({ id }) => id), cpuQuota, memoryLimit: memory.limit };
}

/** Each limit that differs, for people: "CPU quota 2 -> 1.5". Pure. */
export function changesOf(before: MachineLimits, now: MachineLimits): string[] {
  const rows = [
    ["CPUs", cpusInWords(before.cpus ?? now.cpus), cpusInWords(now.cpus ?? before.cpus)],
    ["CPU quota", quotaInWords(before.cpuQuota), quotaInWords(now.cpuQuota)],
    ["memory limit", memoryInWords(before.memoryLimit), memoryInWords(now.memoryLimit)],
  ];
  return rows.flatMap(([what, from, to]) => (from === to ? [] : [`${what} ${from} -> ${to}`]));
}

async function readLimits(read: ReadText): Promise<MachineLimits> {
  const cgroups = await readCgroups(read);
  const [cpus, cpuQuota, memoryLimit] = await Promise.all([
    readUsableCpus(read, cgroups, []),
    readCpuQuota(read, cgroups),
    readMemoryLimit(read, cgroups),
  ]);
  return { cpus, cpuQuota, memoryLimit };
}

/** Reads this one file once: the longest of all, and nobody mounts cgroups under a running process. */
function remembering(read: ReadText, file: string): ReadText {
  const text = read(file);
  return (other) => (other === file ? text : read(other));
}

function cpusInWords(cpus: readonly number[] | null): string {
  return cpus === null ? "unknown" : formatCpuList(cpus);
}

function quotaInWords(quota: number | null): string {
  return quota === null ? "none" : String(Math.round(quota * 100) / 100);
}

function memoryInWords(limit: number | null): string {
  return limit === null ? "none" : `${Math.round(limit / 1024 ** 2)} MiB`;
}
