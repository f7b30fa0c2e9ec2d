import { CorralError } from "../src/errors.ts";

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

/** All that a build needs, found and usable. */
export interface Toolchain {
  readonly c: Compiler;
  readonly cxx: Compiler;
  readonly cmake: Program;
  /** As CMake's -G wants it. */
  readonly generator: "Ninja" | "Unix Makefiles";
  /** The program behind the generator: ninja or make. */
  readonly builder: Program;
  readonly git: Program;
}

/** One line of `corral doctor`. */
export interface ToolCheck {
  readonly name: string;
  /** True: no build without it. */
  readonly essential: boolean;
  readonly found: Program | null;
  /** What is wrong with it, when it is missing or too old; null when all is well. */
  readonly problem: string | null;
}

export interface ToolchainOptions {
  /** Default process.env: PATH, CC and CXX are read. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where /etc/os-release lies, for the name of the install command. Default "/". */
  root?: string | undefined;
  platform?: NodeJS.Platform | undefined;
  signal?: AbortSignal | undefined;
}

/** Throws CORRAL_TOOL_MISSING (facts.missing: names) with the one command that installs all that is missing. */
export async function findToolchain(_options: ToolchainOptions = {}): Promise<Toolchain> {
  throw new CorralError("CORRAL_INTERNAL", "not written yet");
}

export async function checkTools(_options: ToolchainOptions = {}): Promise<readonly ToolCheck[]> {
  throw new CorralError("CORRAL_INTERNAL", "not written yet");
}
