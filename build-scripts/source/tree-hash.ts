import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { CorralError } from "../../src/errors.ts";
import { git } from "./git.ts";

export interface TreeHashOptions {
  /** Files and folders in `folder`: they alone count, and all that lies in them. Default: the whole tree. */
  readonly only?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The git tree hash of the files in `folder` as they are on disk, byte for byte: the hash that the commit's own tree
 * has when nothing was changed. Executable bits and symbolic links count. Nothing is written to the folder.
 *
 * In a git checkout the tracked files are hashed, in their present state, so that a build/ inside does not matter;
 * elsewhere all files are, also those that a .gitignore names. Files of a checkout's submodules count like its own: its
 * hash is that of the same files without any repository.
 */
export async function treeHash(folder: string, { only, signal }: TreeHashOptions = {}): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), "corral-tree-"));
  try {
    const dir = resolve(folder);
    const repository = join(scratch, ".git");
    await git(["init", "--quiet", "--template="], { cwd: scratch, signal });
    // Of all places where attributes are given this one is the strongest: no conversion of line ends or keywords.
    await mkdir(join(repository, "info"), { recursive: true });
    await writeFile(join(repository, "info", "attributes"), "* -text -eol -ident -filter -working-tree-encoding\n");

    const run = { cwd: dir, env: { GIT_DIR: repository, GIT_WORK_TREE: dir }, signal };
    const paths =
      only === undefined
        ? withoutFolders((await trackedPaths(dir, signal)) ?? (await git(["ls-files", "-z", "--others"], run)))
        : await pathsIn(dir, only);
    // --info-only: hashes are wanted, not a second copy of every file.
    const add = ["update-index", "--add", "--remove", "--info-only", "-z", "--stdin"];
    await git(add, { ...run, input: paths });
    return (await git(["write-tree", "--missing-ok"], run)).toString().trim();
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Null where `dir` is no checkout, or one whose repository is gone, as in a copied submodule. */
async function trackedPaths(dir: string, signal: AbortSignal | undefined): Promise<Buffer | null> {
  const repository = join(dir, ".git");
  if (!existsSync(repository)) return null;
  try {
    const env = { GIT_DIR: repository, GIT_WORK_TREE: dir };
    const paths = await git(["ls-files", "-z", "--cached", "--recurse-submodules"], { cwd: dir, env, signal });
    return paths.length > 0 ? paths : null;
  } catch (error) {
    if (error instanceof CorralError && error.code === "CORRAL_SOURCE_UNAVAILABLE") return null;
    throw error;
  }
}

/** Every file in the named files and folders, tracked or not; a .git among them is a repository's, not a file's. */
async function pathsIn(dir: string, named: readonly string[]): Promise<Buffer> {
  const found: string[] = [];
  for (const name of named) {
    const kind = await lstat(join(dir, name)).catch(() => null);
    if (kind === null) continue;
    if (!kind.isDirectory()) found.push(name);
    else {
      const entries = await readdir(join(dir, name), { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => !entry.isDirectory() && entry.name !== ".git");
      found.push(...files.map((entry) => relative(dir, join(entry.parentPath, entry.name))));
    }
  }
  return Buffer.from(found.map((path) => `${path}\0`).join(""));
}

/** A repository inside the folder is listed as one path that ends with a slash; git can't add that. */
function withoutFolders(paths: Buffer): Buffer {
  const kept = paths
    .toString("latin1")
    .split("\0")
    .filter((path) => path !== "" && !path.endsWith("/"));
  return Buffer.from(kept.map((path) => `${path}\0`).join(""), "latin1");
}
