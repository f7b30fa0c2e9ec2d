import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";

/**
 * Reads the small text files of /proc and /sys below a root: "/" for this machine, a folder for a machine described by
 * files. Whatever goes wrong, the answer is null: a kernel that hides a file is the rule, not the exception.
 */
export type ReadText = (file: string) => Promise<string | null>;

export function textReader(root: string): ReadText {
  return async (file) => {
    try {
      return (await readFile(path.join(root, file), "utf8")).trim();
    } catch {
      return null;
    }
  };
}

/**
 * The same for who reads again and again: files that the kernel makes up are there at once, and handing each to a thread
 * takes ten times the CPU time of reading it.
 */
export function quickReader(root: string): ReadText {
  return async (file) => {
    const name = path.join(root, file);
    try {
      // An error with its stack is dear, too.
      return existsSync(name) ? readFileSync(name, "utf8").trim() : null;
    } catch {
      return null;
    }
  };
}
