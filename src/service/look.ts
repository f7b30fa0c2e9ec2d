import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { execa } from "execa";
import { CorralError } from "../errors.ts";
import type { Reader, Sight } from "./reach.ts";
import type { RunAs } from "./unit/facts.ts";

/** A file as it is now, links followed. @throws CorralError CORRAL_BAD_OPTION where it is not there */
export async function look(given: string): Promise<Sight> {
  try {
    const path = await realpath(given);
    const folders = foldersAbove(path);
    const [self, ...above] = await Promise.all([path, ...folders].map(owned));
    if (self === undefined) throw new Error(`${path} was not looked at`);
    return { path, self, above: above.map((each, index) => ({ ...each, path: folders[index] ?? "" })) };
  } catch (cause) {
    throw new CorralError("CORRAL_BAD_OPTION", `${given} can't be looked at. Check its path.`, {
      cause,
      facts: { path: given },
    });
  }
}

/** @throws CorralError CORRAL_BAD_OPTION where there is no such user */
export async function readerFor(run: RunAs): Promise<Reader> {
  if (run.kind === "dynamic") return { uid: null, gids: [] };
  const who = run.kind === "user" ? [run.user] : [];
  try {
    const [uid, gids] = await Promise.all([execa("id", ["-u", ...who]), execa("id", ["-G", ...who])]);
    return { uid: Number(uid.stdout), gids: gids.stdout.split(" ").map(Number) };
  } catch (cause) {
    throw new CorralError("CORRAL_BAD_OPTION", `There is no user ${who[0]}. Make one, or leave --run-as out.`, {
      cause,
      facts: { key: "runAs", value: who[0] },
    });
  }
}

async function owned(path: string) {
  const stats = await stat(path);
  return { isFolder: stats.isDirectory(), mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid };
}

/** Outermost first. */
function foldersAbove(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [...foldersAbove(parent), parent];
}
