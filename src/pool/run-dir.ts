import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Those that are in use, for a process that ends without closing its pools. */
const inUse = new Set<string>();

/**
 * A folder (0700) of this pool's own for keys and sockets: in $XDG_RUNTIME_DIR, which is in memory and the user's own,
 * or else where temporary files go.
 */
export async function makeRunDir(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const dir = await makeIn(env.XDG_RUNTIME_DIR || tmpdir()).catch(() => makeIn(tmpdir()));
  if (inUse.size === 0) process.on("exit", removeAll);
  inUse.add(dir);
  return dir;
}

export async function removeRunDir(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true });
  inUse.delete(dir);
  if (inUse.size === 0) process.off("exit", removeAll);
}

function makeIn(parent: string): Promise<string> {
  return mkdtemp(join(parent, "corral-"));
}

function removeAll(): void {
  for (const dir of inUse) rmSync(dir, { recursive: true, force: true });
}
