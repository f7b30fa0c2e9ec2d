import { readdirSync, readFileSync } from "node:fs";

/** Fields of /proc/PID/stat (proc(5)), times in milliseconds. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** utime + stime. */
  readonly own: number;
  /** cutime + cstime: children that have ended and were waited for. */
  readonly ended: number;
}

/** USER_HZ is 100 on every Linux that people run. */
const TICK_MS = 10;

/** Parses a line of /proc/PID/stat; the command in it may contain spaces and parentheses. */
export function parseStat(line: string): ProcessStat {
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid: Number.parseInt(line, 10),
    parent: field(4),
    own: (field(14) + field(15)) * TICK_MS,
    ended: (field(16) + field(17)) * TICK_MS,
  };
}

/** A process and its descendants, but not those below (and including) the pids in `without`. */
export function processTree(root: number, without: readonly number[] = []): number[] {
  const children = new Map<number, number[]>();
  for (const { pid, parent } of allProcesses()) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const below = (pid: number): number[] =>
    without.includes(pid) ? [] : [pid, ...(children.get(pid) ?? []).flatMap(below)];
  return below(root);
}

/**
 * CPU time in milliseconds that these processes have used so far, user and system.
 *
 * The scheduler's own account (/proc/PID/task/TID/schedstat, nanoseconds, live threads only) where the kernel keeps one,
 * else utime + stime in ticks of 10 ms.
 */
export function cpuTime(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (scheduledTime(pid) ?? stat(pid)?.own ?? 0), 0);
}

/** CPU time in milliseconds of a tree, the children that have ended included. In ticks of 10 ms. */
export function treeTime(root: number): number {
  return processTree(root).reduce((sum, pid) => {
    const found = stat(pid);
    return sum + (found?.own ?? 0) + (found?.ended ?? 0);
  }, 0);
}

function scheduledTime(pid: number): number | null {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const nanoseconds = threads.map((tid) =>
      Number.parseInt(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, "utf8"), 10),
    );
    return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e6;
  } catch {
    return null;
  }
}

function stat(pid: number): ProcessStat | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return null;
  }
}

function allProcesses(): ProcessStat[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => stat(Number(name)) ?? []);
}
