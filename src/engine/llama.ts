import { ensureBuild, findBuild } from "../../build-scripts/build.ts";
import { cacheDir } from "../../build-scripts/cache.ts";
import { whyNotConvertible } from "../model/convert/convertible.ts";
import type { ModelDescription } from "../model/description.ts";
import { ensureConverted } from "../model/store.ts";
import type { WriteProgress } from "../model/whole-file.ts";
import { classifyEnding } from "./ending.ts";
import type { AdoptOptions, Engine, EngineOptions, Taking } from "./engine.ts";
import { llamaEndings } from "./llama-endings.ts";
import { llamaCommandLine } from "./llama-flags.ts";
import { llamaTraits } from "./llama-memory.ts";
import { llamaPromptStore } from "./llama-prompt-store.ts";
import { refuseOwnedFlags } from "./owned-flags.ts";
import { programOf } from "./program.ts";
import { readPulse } from "./pulse.ts";

/** llama-server of llama.cpp, from a build that has proven itself on this CPU. */
export function llamaEngine(options: EngineOptions): Engine {
  return {
    name: "llama",
    traits: llamaTraits,
    takes,
    adopt: (model, adopting = {}) => adopt(model, { ...options, ...adopting }),
    prepare: async ({ signal } = {}) => {
      const build = await ensureBuild({ engine: "llama", ...options, signal });
      return programOf(build.programs["llama-server"], build);
    },
    identity: async () => (await findBuild({ engine: "llama", ...options }))?.manifest.identity ?? null,
    checkArgs: refuseOwnedFlags,
    commandLine: llamaCommandLine,
    classify: (ending) => classifyEnding(ending, llamaEndings),
    readPulse,
    promptStore: llamaPromptStore,
  };
}

function takes(model: ModelDescription): Taking {
  if (model.format === "gguf") return { can: true, why: "llama-server reads GGUF files" };
  const obstacle = whyNotConvertible(model);
  return obstacle === null
    ? {
        can: true,
        why: "converted to GGUF without loss, for llama-server is quicker and serves several requests at once",
      }
    : { can: false, why: `it can't be converted for llama-server: ${obstacle}` };
}

async function adopt(model: ModelDescription, options: EngineOptions & AdoptOptions): Promise<string> {
  if (model.format === "gguf") return model.path;
  const { cacheDir: cache = cacheDir(), report, signal } = options;
  let wasThere = true;
  const onProgress = ({ written, total }: WriteProgress): void => {
    wasThere = false;
    report?.({ kind: "converting", bytes: written, total });
  };
  const path = await ensureConverted(model, cache, { signal, onProgress });
  if (!wasThere) report?.({ kind: "converted", path });
  return path;
}
