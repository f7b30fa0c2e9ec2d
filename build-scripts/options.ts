import type { Arithmetic, Manifest } from "./manifest.ts";
import type { SourceEvent } from "./source/source.ts";

/** The programs of each engine's build. */
interface EnginePrograms {
  llama: "llama-server" | "llama-quantize" | "llama-bench" | "llama-batched-bench" | "llama-gguf-split" | "rpc-server";
  chatglm: "chatglm-server";
}

export type Engine = keyof EnginePrograms;

/** In the order in which they are built where no one engine is asked for. */
export const ENGINES: readonly Engine[] = ["llama", "chatglm"];

/** What a caller asks for. */
export interface BuildOptions<E extends Engine = Engine> {
  readonly engine: E;
  /** A source tree of the caller's own. Default: the submodule, then the other channels. */
  readonly source?: string | undefined;
  /** Take a source tree that is not the pinned one. Default false. */
  readonly unverified?: boolean | undefined;
  /** "fast" keeps half-precision sums where the CPU has them: quicker, and wrong for some models. Default "safe". */
  readonly arithmetic?: Arithmetic | undefined;
  /** More CMake cache entries, "NAME=VALUE" with or without a leading -D. Default none. */
  readonly defines?: readonly string[] | undefined;
  /** Default: cacheDir() of cache.ts. */
  readonly cacheDir?: string | undefined;
  /** "skip" never builds; "auto" and "require" build what is not there. Default "auto". */
  readonly mode?: "auto" | "skip" | "require" | undefined;
  /**
   * Make the build of the compiler that is here, where another compiler has made one that would do. Default false: a
   * new compiler is no reason to build again.
   */
  readonly exact?: boolean | undefined;
  /** Compiler processes at once. Default: one a CPU, fewer where memory is short. */
  readonly jobs?: number | undefined;
  readonly report?: ((event: BuildEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A build that has proved itself: of one engine, or, where that is not known, of any. */
export type Build<E extends Engine = Engine> = E extends Engine ? BuildOf<E> : never;

interface BuildOf<E extends Engine> {
  readonly dir: string;
  /** Absolute paths. */
  readonly programs: Readonly<Record<EnginePrograms[E], string>>;
  /** A tokenizer without weights, to make benchmark models with; llama's builds have one. */
  readonly vocabulary: E extends "llama" ? string : null;
  readonly manifest: Manifest;
  /** What a person should know when it serves; empty for a build with nothing given up. */
  readonly warnings: readonly string[];
}

export type BuildStage = "source" | "configure" | "compile" | "prove";

/** What happens while a build is made, for a person to watch. */
export type BuildEvent =
  | SourceEvent
  /** Another process builds the same; this one waits for it. */
  | { readonly kind: "waiting"; readonly text: string }
  | { readonly kind: "stage"; readonly stage: BuildStage; readonly text: string }
  /** `secondsLeft` is null until it can be told. */
  | {
      readonly kind: "progress";
      readonly stage: BuildStage;
      readonly done: number;
      readonly total: number;
      readonly secondsLeft: number | null;
    }
  /** A model is brought into the engine's format, which is told here because the same person watches. */
  | { readonly kind: "converting"; readonly bytes: number; readonly total: number }
  | { readonly kind: "converted"; readonly path: string }
  | { readonly kind: "warning"; readonly text: string }
  | { readonly kind: "done"; readonly dir: string; readonly seconds: number };
