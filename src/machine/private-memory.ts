import { readFile } from "node:fs/promises";

/** Bytes that these processes hold alone and give back when they end: no file pages. 0 where the system does not tell. */
export async function readPrivateMemory(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(pids.map(readOne));
  return each.reduce((sum, bytes) => sum + bytes, 0);
}

async function readOne(pid: number): Promise<number> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}
