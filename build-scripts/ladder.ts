import type { Arithmetic } from "./manifest.ts";

/** One set of flags to compile with. */
export interface Rung {
  readonly name: "native" | "native-without-amx" | "avx2" | "dotprod" | "upstream" | "portable";
  /** One sentence, for people. */
  readonly why: string;
  /** Headers of this folder, forced into every file of C and C++. */
  readonly headers: readonly string[];
  /** Flags for C and C++ alike, in front of what CMake adds. */
  readonly flags: readonly string[];
  /** CMake cache entries, NAME=VALUE. */
  readonly defines: readonly string[];
  /** What this rung goes without, as a person should be told; empty for the best one. */
  readonly gaveUp: readonly string[];
}

export interface LadderInput {
  /** As Node says: "x64", "arm64"... */
  readonly arch: string;
  /** As machine/features.ts gives them. */
  readonly features: readonly string[];
  readonly arithmetic: Arithmetic;
  /** Of the flags that a rung may use, those the compiler does not know: it cannot turn on what they turn off either. */
  readonly unknownFlags?: readonly string[];
}

/** An engine's sets of flags. */
export interface Ladder {
  /** Raised whenever a rung's flags, or a header it includes, change: builds made before are then made again. */
  readonly version: number;
  /** Flags of its rungs that not every compiler in use knows. */
  readonly newFlags: readonly string[];
  /** "fast" is "safe" where the CPU has nothing faster to give: then one build serves both. Pure. */
  readonly arithmetic: (wanted: Arithmetic, arch: string, features: readonly string[]) => Arithmetic;
  /**
   * The sets of flags to try, best first; each is tried only after the one before it has failed its proof. Rungs that
   * make no difference on this CPU are left out. Pure.
   */
  readonly rungs: (input: LadderInput) => readonly Rung[];
}

/** Flags that turn off what is newest on x86 (GCC 11 and 12, Clang 11 and 14 were the first to know them). */
export const NEW_X86_FLAGS = ["-mno-avx512fp16", "-mno-amx-tile", "-mno-amx-int8", "-mno-amx-bf16"] as const;

/** Of x86's, those that came after AVX2. */
export function isAboveAvx2(features: readonly string[]): boolean {
  return features.some((name) => /^(avx512|avx10|avx_vnni|avx_ifma|amx_)/.test(name));
}

/** asimdhp: Linux on ARM; FEAT_FP16 and neon_fp16: macOS. */
export function hasHalfPrecisionOnArm(features: readonly string[]): boolean {
  return features.some((name) => /^asimdhp$|FEAT_FP16$|^neon_fp16$/.test(name));
}

/** What a build with half-precision sums gives up. */
export const FAST_PRICE =
  "single-precision sums: a model whose attention scores pass 65,504 (several are known) answers with random tokens";

export function rung(parts: Pick<Rung, "name" | "why"> & Partial<Rung>): Rung {
  return { headers: [], flags: [], defines: [], gaveUp: [], ...parts };
}
