import { type Program, versionIn } from "./compiler.ts";
import { which } from "./which.ts";

/** Python's package installer, however it is called here. */
export interface Pip extends Program {
  /** Program, and what stands before pip's own arguments. */
  readonly command: readonly string[];
}

const NAMES: readonly (readonly string[])[] = [["pip3"], ["pip"], ["python3", "-m", "pip"]];

/**
 * The first of pip3, pip and `python3 -m pip` that runs; null when none does.
 *
 * @param run resolves to what a program printed, to null when it failed
 */
export async function findPip(
  searchPath: string | undefined,
  run: (program: string, args: string[]) => Promise<string | null>,
): Promise<Pip | null> {
  for (const [name = "", ...rest] of NAMES) {
    const path = which(name, searchPath);
    if (path === null) continue;
    const version = versionIn((await run(path, [...rest, "--version"])) ?? "");
    if (version !== null) return { path, version, command: [path, ...rest] };
  }
  return null;
}
