import { rmSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive, self } from "../../build-scripts/process-identity.ts";

const PREFIX = "corral-";
/** Whose a folder is, so that what a killed process left behind can be told from what is in use. */
const OWNER_FILE = "owner.json";

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

async function makeIn(parent: string): Promise<string> {
  await sweep(parent);
  const dir = await mkdtemp(join(parent, PREFIX));
  await writeFile(join(dir, OWNER_FILE), JSON.stringify(self));
  return dir;
}

/** Removes the folders of processes that were killed. Others' folders, and those of other users, stay. */
async function sweep(parent: string): Promise<void> {
  const names = (await readdir(parent)).filter((name) => name.startsWith(PREFIX));
  await Promise.all(
    names.map(async (name) => {
      try {
        const owner = JSON.parse(await readFile(join(parent, name, OWNER_FILE), "utf8"));
        if (isAlive(owner) === false) await rm(join(parent, name), { recursive: true, force: true });
      } catch {
        // Not a run folder, or not ours to read or remove.
      }
    }),
  );
}

function removeAll(): void {
  for (const dir of inUse) rmSync(dir, { recursive: true, force: true });
}
