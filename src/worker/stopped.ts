import { readFileSync } from "node:fs";
import { slept, sleptToBeat } from "../slept.ts";
import type { Load } from "./load.ts";

/** Milliseconds between two looks: reading one line of /proc takes some 50 us. */
const PAUSE = 150;
/** The same of a worker without a request. */
const IDLE_PAUSE = 1_000;
/** So many looks in a row that find it stopped: half a second is more than a snapshot of its memory takes. */
const ENOUGH = 4;

export interface Observed {
  readonly pid: number;
  readonly load: Load;
  /** Default: from /proc. */
  readonly isStopped?: (pid: number) => boolean;
}

/**
 * Resolves to true when somebody has stopped the process (SIGSTOP), which no probe can tell from being slow, to false
 * when the signal aborts. Looks are counted, so that a time in which this process did not run says nothing.
 */
export async function untilStopped(
  { pid, load, isStopped = readStopped }: Observed,
  signal: AbortSignal,
): Promise<boolean> {
  let inARow = 0;
  while (await (load.inFlight === 0 && inARow === 0 ? sleptToBeat(IDLE_PAUSE, signal) : slept(PAUSE, signal))) {
    inARow = isStopped(pid) ? inARow + 1 : 0;
    if (inARow === ENOUGH) return !signal.aborted;
  }
  return false;
}

/**
 * Whether all of it is stopped; a debugger stops threads in another way, and may go on any moment. /proc is no disk: to
 * read it in another thread would cost more than it takes.
 */
export function readStopped(pid: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    return stateOf(readFileSync(`/proc/${pid}/stat`, "utf8")) === "T";
  } catch {
    return false;
  }
}

/** From /proc/PID/stat: the third field. The second, the name, may hold spaces and brackets of its own. */
export function stateOf(stat: string): string {
  return stat.charAt(stat.lastIndexOf(")") + 2);
}
