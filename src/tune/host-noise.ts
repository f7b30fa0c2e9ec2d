import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Counters of /proc/stat's first line, in ticks since the machine started. */
export interface CpuTicks {
  readonly all: number;
  readonly busy: number;
  /** Taken by the hypervisor for other machines. */
  readonly steal: number;
}

/** Guest time is part of user time already (proc(5)), so it is left out. Pure. */
export function parseCpuTicks(procStat: string): CpuTicks {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] =
    /^cpu\s+(.*)$/m.exec(procStat)?.[1]?.split(" ").map(Number) ?? [];
  const busy = user + nice + system + irq + softirq;
  return { all: busy + idle + iowait + steal, busy, steal };
}

/** All zero where there is no /proc. */
export async function readCpuTicks(): Promise<CpuTicks> {
  return parseCpuTicks(await readFile("/proc/stat", "utf8").catch(() => ""));
}

/** Share of the machine's CPU time between two readings, 0 to 1. */
export function stealBetween(before: CpuTicks, after: CpuTicks): number {
  return after.all > before.all ? (after.steal - before.steal) / (after.all - before.all) : 0;
}

/** From here on steal time is a neighbour, and no rounding. */
const SEEN = 0.002;
/** From here on measurements suffer. */
const NOISY = 0.02;
/** Of the machine's CPU time that others use while nothing is measured. */
const BUSY = 0.15;
const LOOK_MS = 500;

export interface HostNoise {
  /** Since the machine started. */
  readonly hasSteal: boolean;
  /** Sentences for people; empty on a quiet host. */
  readonly warnings: readonly string[];
}

/** Looks for half a second at what a machine does before anything is started. */
export async function lookAround(): Promise<HostNoise> {
  const before = await readCpuTicks();
  await sleep(LOOK_MS);
  const after = await readCpuTicks();
  const share = after.all > before.all ? (after.busy - before.busy) / (after.all - before.all) : 0;
  const hasSteal = before.all > 0 && before.steal / before.all > SEEN;
  return { hasSteal, warnings: share > BUSY ? [busyHost(share)] : [] };
}

/** Null where it was quiet. */
export function stealWarning(share: number): string | null {
  if (share <= NOISY) return null;
  return `The hypervisor gave ${(100 * share).toFixed(1)}% of the CPU time to others while this was measured: noisy figures. Tune again at a quieter time, or with --robust.`;
}

function busyHost(share: number): string {
  return `Other processes use ${(100 * share).toFixed(0)}% of this machine's CPUs: figures will be noisy. End them, or tune at a quieter time.`;
}
