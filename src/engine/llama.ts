import { ensureBuild } from "../../build-scripts/build.ts";
import type { ModelDescription } from "../model/description.ts";
import { classifyEnding } from "./ending.ts";
import type { Engine, EngineOptions, Program, Taking } from "./engine.ts";
import { llamaEndings } from "./llama-endings.ts";
import { llamaCommandLine } from "./llama-flags.ts";
import { llamaTraits } from "./llama-memory.ts";
import { readPulse } from "./pulse.ts";

/** llama-server of llama.cpp, from a build that has proven itself on this CPU. */
export function llamaEngine(options: EngineOptions): Engine {
  return {
    name: "llama",
    traits: llamaTraits,
    takes,
    adopt: async ({ path }) => path,
    prepare: ({ signal } = {}) => prepare({ ...options, signal }),
    commandLine: llamaCommandLine,
    classify: (ending) => classifyEnding(ending, llamaEndings),
    readPulse,
  };
}

function takes({ format }: ModelDescription): Taking {
  return format === "gguf"
    ? { can: true, why: "llama-server reads GGUF files" }
    : { can: false, why: "llama-server reads GGUF files, and this is none" };
}

async function prepare(options: EngineOptions & { signal: AbortSignal | undefined }): Promise<Program> {
  const { programs, manifest, warnings } = await ensureBuild({ engine: "llama", ...options });
  return {
    path: programs["llama-server"],
    version: manifest.programs["llama-server"]?.version ?? "unknown",
    warnings,
  };
}
