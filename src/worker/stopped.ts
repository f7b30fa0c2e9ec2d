import { readFile } from "node:fs/promises";
import type { Load } from "./load.ts";
import { slept } from "./slept.ts";

/** Milliseconds between two looks: reading one line of /proc takes some 50 us. */
const PAUSE = 150;
/** Of a worker without a request only one of so many looks is taken. */
const IDLE_LOOKS = 6;
/** So many looks in a row that find it stopped: half a second is more than a snapshot of its memory takes. */
const ENOUGH = 4;

export interface Observed {
  readonly pid: number;
  readonly load: Load;
  /** Default: from /proc. */
  readonly isStopped?: (pid: number) => Promise<boolean>;
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
  let skipped = 0;
  while (await slept(PAUSE, signal)) {
    if (load.inFlight === 0 && inARow === 0 && ++skipped < IDLE_LOOKS) continue;
    skipped = 0;
    inARow = (await isStopped(pid)) ? inARow + 1 : 0;
    if (inARow === ENOUGH) return !signal.aborted;
  }
  return false;
}

/** Whether all of it is stopped; a debugger stops threads in another way, and may go on any moment. */
async function readStopped(pid: number): Promise<boolean> {
  if (process.platform !== "linux") return false;
  try {
    return stateOf(await readFile(`/proc/${pid}/stat`, "latin1")) === "T";
  } catch {
    return false;
  }
}

/** From /proc/PID/stat: the third field. The second, the name, may hold spaces and brackets of its own. */
export function stateOf(stat: string): string {
  return stat.charAt(stat.lastIndexOf(")") + 2);
}
