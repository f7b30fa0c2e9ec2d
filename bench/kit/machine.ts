import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { type CpuTicks, parseCpuTicks } from "../../src/tune/host-noise.ts";
import { treeTime } from "./process-cpu.ts";

/** "2-core AMD EPYC, 24 GiB, Linux 6.18, Node 20.20": what a reader needs to compare, and nothing that names a host. */
export function machineLine(): string {
  const model = (cpus()[0]?.model ?? "unknown CPU")
    .replace(/\((R|TM)\)/g, "")
    .replace(/\s+/g, " ")
    .trim();
  const kernel = /^\d+\.\d+/.exec(release())?.[0] ?? "";
  const node = process.versions.node.split(".").slice(0, 2).join(".");
  return `${availableParallelism()}-core ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${kernel}, Node ${node}`;
}

/** What disturbed a run. Shares of all the machine's CPU time, 0 to 1. */
export interface Noise {
  /** Taken by the hypervisor for others. */
  readonly steal: number;
  /** Used by processes that are not this benchmark's. */
  readonly others: number;
  /** Load average of the last minute when the run began. */
  readonly load: number;
}

/** Starts watching; the function it returns says what happened since. All zero where there is no /proc. */
export function watchNoise(): () => Noise {
  const before = { ticks: readTicks(), own: ownTime(), load: loadavg()[0] ?? 0 };
  return () => {
    const after = { ticks: readTicks(), own: ownTime() };
    const all = after.ticks.all - before.ticks.all || 1;
    const others = after.ticks.busy - before.ticks.busy - (after.own - before.own) / 10;
    return {
      steal: (after.ticks.steal - before.ticks.steal) / all,
      others: Math.max(0, others / all),
      load: before.load,
    };
  };
}

/** Share of the machine's CPU time that others may take before a run says so. */
const QUIET = 0.03;

export function noiseLine({ steal, others, load }: Noise): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const warning = steal + others > QUIET ? "\nThe machine was not quiet: take these figures as provisional." : "";
  return `load ${load.toFixed(2)} at the start, steal ${percent(steal)}, other processes used ${percent(others)} of the machine${warning}`;
}

function readTicks(): CpuTicks {
  return process.platform === "linux"
    ? parseCpuTicks(readFileSync("/proc/stat", "utf8"))
    : { all: 0, busy: 0, steal: 0 };
}

function ownTime(): number {
  return process.platform === "linux" ? treeTime(process.pid) : 0;
}
