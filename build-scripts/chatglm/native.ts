import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { packageRoot } from "../package-root.ts";

/** Our C++ around chatglm.cpp, with the CMake project that builds both. */
export const nativeFolder: string = join(packageRoot, "native", "chatglm-server");

export const REPLACEMENTS = "replacements.json";

/** What goes into the program: not the tests beside it. */
export const NATIVE_PARTS: readonly string[] = ["CMakeLists.txt", REPLACEMENTS, "src"];

/** SHA-256 of our sources, hex: names and contents. */
export async function nativeHash(folder: string = nativeFolder): Promise<string> {
  const hash = createHash("sha256");
  for (const path of await sourcesIn(folder)) {
    const content = await readFile(join(folder, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

async function sourcesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => NATIVE_PARTS.some((part) => path === part || path.startsWith(`${part}/`)))
    .sort();
}
