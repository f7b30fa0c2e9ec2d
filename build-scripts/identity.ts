import { createHash } from "node:crypto";
import { CorralError } from "../src/errors.ts";
import type { Arithmetic, Manifest } from "./manifest.ts";

/** All that decides what a build is. Two builds with the same facts are the same build. */
export interface BuildFacts {
  readonly engine: string;
  /** Git tree hash of the source. */
  readonly tree: string;
  /** What else goes into it: name -> hash. Empty for an engine that is its source and no more. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly options: BuildFactOptions;
  readonly compiler: { readonly version: string; readonly target: string };
  readonly cpu: { readonly arch: string; readonly features: readonly string[] };
}

interface BuildFactOptions {
  readonly arithmetic: Arithmetic;
  /** As normaliseDefines gives them. */
  readonly defines: readonly string[];
  readonly targets: readonly string[];
  /** The ladder's version. */
  readonly ladder: number;
}

/** SHA-256, hex. */
export function identityOf({ engine, tree, inputs, options, compiler, cpu }: BuildFacts): string {
  const facts = [
    ["engine", engine],
    ["tree", tree],
    ["arithmetic", options.arithmetic],
    ["defines", ...[...options.defines].sort()],
    ["targets", ...[...options.targets].sort()],
    ["ladder", options.ladder],
    ["compiler", compiler.version, compiler.target],
    ["cpu", cpu.arch, ...[...cpu.features].sort()],
    ...Object.entries(inputs)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map((input) => ["input", ...input]),
  ];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

/** The folder's name: enough of the hash that two never meet. */
export function folderName(engine: string, identity: string): string {
  return `${engine}-${identity.slice(0, 16)}`;
}

/**
 * Whether a proven build may serve here though another compiler made it: same source, same options, same CPU. It has
 * proved itself on such a CPU, so the compiler that is there now, if any, does not matter.
 */
export function servesAs(manifest: Manifest, facts: Omit<BuildFacts, "compiler">): boolean {
  const made = {
    engine: manifest.engine.name,
    tree: manifest.engine.tree,
    inputs: manifest.inputs,
    options: manifest.options,
    cpu: manifest.cpu,
  };
  const compiler = { version: "any", target: "any" };
  return identityOf({ ...made, compiler }) === identityOf({ ...facts, compiler });
}

/** Lists that CMake joins with blanks: ours, the caller's and the environment's live side by side. */
const JOINED = { CMAKE_C_FLAGS: "CFLAGS", CMAKE_CXX_FLAGS: "CXXFLAGS", CMAKE_EXE_LINKER_FLAGS: "LDFLAGS" } as const;

/**
 * "-DA=1", "A=1" and "A:BOOL=1" -> "A=1" or "A:BOOL=1", one entry a name (the last one counts), sorted. CFLAGS,
 * CXXFLAGS and LDFLAGS of the environment, which CMake would take too, become entries, in front of the caller's.
 * Throws CORRAL_BAD_OPTION.
 */
export function normaliseDefines(
  defines: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): readonly string[] {
  const entries = new Map<string, string>();
  for (const define of defines) {
    const [, name, type = "", value] = /^(?:-D)?\s*([A-Za-z_][\w.+-]*)(:\w+)?=(.*)$/s.exec(define) ?? [];
    if (name === undefined || value === undefined || /[\r\n]/.test(value)) {
      throw new CorralError("CORRAL_BAD_OPTION", `"${define}" is not NAME=VALUE: write for example -D GGML_LTO=ON.`, {
        facts: { option: "defines", value: define },
      });
    }
    entries.set(name, `${type}=${value}`);
  }
  for (const [name, variable] of Object.entries(JOINED)) {
    const value = env[variable]?.trim();
    const given = entries.get(name)?.replace(/^[^=]*=/, "");
    if (value) entries.set(name, `=${[value, given].filter(Boolean).join(" ")}`);
  }
  return [...entries].map(([name, rest]) => `${name}${rest}`).sort();
}
