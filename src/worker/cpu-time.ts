import { readFile } from "node:fs/promises";

/** The kernel counts in ticks of 1/USER_HZ, which is 100 on every Linux that Node runs on (man 7 time). */
const TICK = 10;

/** CPU time that a process has used, user and system, all threads: milliseconds. Null where it can't be known. */
export async function readCpuTime(pid: number): Promise<number | null> {
  if (process.platform !== "linux") return null;
  try {
    return parseCpuTime(await readFile(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return null;
  }
}

/** From /proc/PID/stat: fields 14 and 15. The second, the name, may hold spaces and brackets of its own. */
export function parseCpuTime(stat: string): number | null {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * TICK : null;
}
