import { ensureBuild, findBuild } from "../../build-scripts/build.ts";
import type { ModelDescription } from "../model/description.ts";
import { chatglmEndings } from "./chatglm-endings.ts";
import { chatglmCommandLine, refuseArgs } from "./chatglm-flags.ts";
import { chatglmTraits } from "./chatglm-memory.ts";
import { classifyEnding } from "./ending.ts";
import type { Engine, EngineOptions, Taking } from "./engine.ts";
import { programOf } from "./program.ts";
import { readPulse } from "./pulse.ts";

/** Our chatglm-server on chatglm.cpp: one request at a time, for files that nothing else runs. */
export function chatglmEngine(options: EngineOptions): Engine {
  return {
    name: "chatglm",
    traits: chatglmTraits,
    takes,
    adopt: async ({ path }) => path,
    prepare: async ({ signal } = {}) => {
      const build = await ensureBuild({ engine: "chatglm", ...options, signal });
      return programOf(build.programs["chatglm-server"], build);
    },
    identity: async () => (await findBuild({ engine: "chatglm", ...options }))?.manifest.identity ?? null,
    checkArgs: refuseArgs,
    commandLine: chatglmCommandLine,
    classify: (ending) => classifyEnding(ending, chatglmEndings),
    readPulse,
    promptStore: null,
  };
}

function takes({ format }: ModelDescription): Taking {
  return format === "chatglm"
    ? { can: true, why: "chatglm-server reads the file as it is" }
    : { can: false, why: "chatglm-server reads chatglm.cpp's .bin files, and this is a GGUF file" };
}
