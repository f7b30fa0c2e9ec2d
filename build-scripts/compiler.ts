import { basename, dirname, join } from "node:path";

export type CompilerKind = "gcc" | "clang" | "apple-clang" | "other";

export interface Program {
  readonly path: string;
  /** As short as "3.25.1". */
  readonly version: string;
}

export interface Compiler extends Program {
  readonly kind: CompilerKind;
  /** First line of `--version`, whole: goes into the build's identity. */
  readonly fullVersion: string;
  /** Such as x86_64-linux-gnu. */
  readonly target: string;
}

/** First versions whose std::filesystem needs no library of its own (release notes of GCC 9 and LLVM 9). */
export const COMPILER_MINIMUM: Readonly<Record<CompilerKind, string>> = {
  gcc: "9",
  clang: "9",
  "apple-clang": "11",
  other: "0",
};

/** From what `--version` and `-dumpmachine` print; null when that is not a compiler's answer. */
export function describeCompiler(path: string, said: string, target: string): Compiler | null {
  const fullVersion = said.split("\n")[0]?.trim() ?? "";
  const version = versionIn(fullVersion);
  if (!version) return null;
  return { path, version, kind: kindOf(said), fullVersion, target: target.trim() };
}

function kindOf(said: string): CompilerKind {
  if (/^Apple (clang|LLVM) /m.test(said)) return "apple-clang";
  if (/\bclang version /.test(said)) return "clang";
  return said.includes("Free Software Foundation") ? "gcc" : "other";
}

/**
 * The version number of a first line. Distributors put their package's name and version in brackets, before the
 * compiler's own number (GCC) or behind it (Clang), so brackets are left out.
 */
export function versionIn(said: string): string | null {
  const line = (said.split("\n")[0] ?? "").replace(/\([^)]*\)/g, "");
  return /\d+(\.\d+)+/.exec(line)?.[0] ?? null;
}

export function isOlder(version: string, minimum: string): boolean {
  const [ours, theirs] = [version, minimum].map((text) => text.split(".").map(Number));
  for (const [index, wanted] of (theirs ?? []).entries()) {
    const part = ours?.[index] ?? 0;
    if (part !== wanted) return part < wanted;
  }
  return false;
}

export function cxxCandidates(demanded: string | undefined): readonly string[] {
  return demanded ? [withoutLauncher(demanded)] : ["c++", "g++", "clang++"];
}

/** The C compiler of the same family and in the same place as the C++ one comes first. */
export function cCandidates(demanded: string | undefined, cxx: string | undefined): readonly string[] {
  if (demanded) return [withoutLauncher(demanded)];
  const sibling =
    cxx && join(dirname(cxx), basename(cxx).replace("clang++", "clang").replace("g++", "gcc").replace("c++", "cc"));
  return [...(sibling ? [sibling] : []), "cc", "gcc", "clang"];
}

/** "ccache g++" names a compiler as well as a cache in front of it; CMAKE_CXX_COMPILER_LAUNCHER is the cache's place. */
function withoutLauncher(command: string): string {
  return command.trim().replace(/^(\S*\/)?(ccache|sccache|distcc)\s+/, "");
}
