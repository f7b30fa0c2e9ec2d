import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";

/** The absolute path of a program as a shell would find it on `searchPath`; null when there is none. */
export function which(name: string, searchPath: string | undefined): string | null {
  const places = name.includes("/") ? [resolve(name)] : folders(searchPath).map((folder) => join(folder, name));
  return places.find(isProgram) ?? null;
}

function folders(searchPath = ""): string[] {
  return searchPath.split(delimiter).filter((folder) => isAbsolute(folder));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
