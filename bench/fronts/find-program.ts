import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const ADMIN_DIRECTORIES = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Path of a program in PATH or where Debian keeps daemons, which a user's PATH leaves out; null when not installed. */
export function findProgram(name: string): string | null {
  const directories = [...(process.env.PATH ?? "").split(delimiter), ...ADMIN_DIRECTORIES];
  return directories.map((directory) => join(directory, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
