import { type BuildEvent, ensureBuild } from "../../build-scripts/build.ts";
import type { Engine, Program } from "./engine.ts";
import { classifyEnding, readLlamaPulse } from "./llama-endings.ts";
import { llamaCommandLine } from "./llama-flags.ts";

export interface LlamaEngineOptions {
  /** "fast" keeps half-precision sums where the CPU has them: faster, and wrong for some models. */
  readonly arithmetic: "safe" | "fast";
  /** Whether a missing build may be made. Default "auto": it is. */
  readonly mode?: "auto" | "skip" | "require" | undefined;
  /** Told what happens while a build is made. */
  readonly report?: ((event: BuildEvent) => void) | undefined;
}

/** llama-server of llama.cpp, from a build that has proven itself on this CPU. */
export function llamaEngine({ arithmetic, mode, report }: LlamaEngineOptions): Engine {
  return {
    name: "llama",
    prepare: ({ signal } = {}) => prepare({ arithmetic, mode, report, signal }),
    commandLine: llamaCommandLine,
    classify: classifyEnding,
    readPulse: readLlamaPulse,
  };
}

async function prepare(options: LlamaEngineOptions & { signal: AbortSignal | undefined }): Promise<Program> {
  const { programs, manifest, warnings } = await ensureBuild({ engine: "llama", ...options });
  return {
    path: programs["llama-server"],
    version: manifest.programs["llama-server"]?.version ?? "unknown",
    warnings,
  };
}
