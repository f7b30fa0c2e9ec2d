import { spawn } from "node:child_process";
import { once } from "node:events";

/** Computes without end, and ends by itself when its parent is gone. */
const SCRIPT =
  "const parent = process.ppid; for (let n = 1; ; n++) if (n % 1e7 === 0 && process.ppid !== parent) break;";

/**
 * Runs `task` beside one process that computes without end and is pinned nowhere: what shares a cheap host with you. It
 * gets a session of its own, as somebody else's would have: Linux shares CPU time among sessions first (autogroup).
 */
export async function besideNeighbour<T>(task: () => Promise<T>): Promise<T> {
  const neighbour = spawn(process.execPath, ["-e", SCRIPT], { stdio: "ignore", detached: true });
  const gone = once(neighbour, "exit");
  gone.catch(() => {});
  await once(neighbour, "spawn");
  try {
    return await task();
  } finally {
    neighbour.kill("SIGKILL");
    await gone;
  }
}
