import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { CorralError } from "../errors.ts";
import { AdminClient } from "./client.ts";
import { isSocketName, searchedFolders } from "./place.ts";

/** What came of asking at one socket. */
type Found = { readonly path: string } & (
  | { readonly kind: "alive"; readonly pid: number; readonly listen: readonly string[] }
  | { readonly kind: "not-ours" }
  | { readonly kind: "dead" }
);

/**
 * The instance that a command means.
 * @param path of its socket, where the user says so; not looked at here
 * @throws CorralError CORRAL_NOT_RUNNING where none is found, CORRAL_BAD_OPTION where there are several
 */
export async function findAdmin(path: string | undefined, env: NodeJS.ProcessEnv = process.env): Promise<AdminClient> {
  if (path !== undefined) return new AdminClient(path);
  const folders = searchedFolders(env, process.getuid?.() ?? null);
  const found = await Promise.all((await socketsIn(folders)).map(lookAt));
  return new AdminClient(choose(found, folders));
}

/** Pure. */
export function choose(found: readonly Found[], folders: readonly string[]): string {
  const alive = found.filter((each) => each.kind === "alive");
  const [only, another] = alive;
  if (only !== undefined && another === undefined) return only.path;
  if (only !== undefined) {
    const list = alive.map(({ path, pid, listen }) => `\n  --admin ${path}   (pid ${pid}, ${listen.join(", ")})`);
    throw new CorralError("CORRAL_BAD_OPTION", `Several corrals run here. Say which one is meant:${list.join("")}`, {
      facts: { sockets: alive.map(({ path }) => path) },
    });
  }
  const foreign = found.find(({ kind }) => kind === "not-ours");
  throw new CorralError(
    "CORRAL_NOT_RUNNING",
    foreign === undefined
      ? `No corral runs here: start it with \`corral serve\`, or say with --admin where its socket is (looked in ${folders.join(", ")}).`
      : `The corral at ${foreign.path} belongs to another user: ask as that user or as root.`,
    { facts: { folders } },
  );
}

async function socketsIn(folders: readonly string[]): Promise<string[]> {
  const lists = folders.map(async (folder) => {
    const names = await readdir(folder).catch(() => []);
    return names.filter(isSocketName).map((name) => join(folder, name));
  });
  return (await Promise.all(lists)).flat();
}

async function lookAt(path: string): Promise<Found> {
  try {
    const { pid, listen } = await new AdminClient(path).status();
    return { kind: "alive", path, pid, listen };
  } catch (error) {
    const code = error instanceof CorralError ? error.facts.code : undefined;
    return { kind: code === "EACCES" || code === "EPERM" ? "not-ours" : "dead", path };
  }
}
