import { readdir, readFile } from "node:fs/promises";
import { stateOf } from "./stopped.ts";

/** Running or ready to, and waiting for a disk: a model that is read from it, memory that was swapped out. */
const WANTING: ReadonlySet<string> = new Set(["R", "D"]);

/** Whether a thread of the process waits for a CPU or a disk. False where it can't be known. */
export async function readWants(pid: number): Promise<boolean> {
  if (process.platform !== "linux") return false;
  try {
    const threads = await readdir(`/proc/${pid}/task`);
    const stats = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, "latin1")));
    return stats.some((stat) => WANTING.has(stateOf(stat)));
  } catch {
    return false;
  }
}
