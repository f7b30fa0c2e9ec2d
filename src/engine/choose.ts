import { CorralError } from "../errors.ts";
import type { ModelDescription } from "../model/description.ts";
import { chatglmEngine } from "./chatglm.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { llamaEngine } from "./llama.ts";

export interface Chosen {
  readonly engine: Engine;
  readonly why: string;
}

/** In order of preference: the first that takes a model serves it. */
const ENGINES: readonly ((options: EngineOptions) => Engine)[] = [llamaEngine, chatglmEngine];

/**
 * The engine for a model. Pure.
 * @param wanted an engine's name, or "auto"
 * @throws CorralError CORRAL_BAD_OPTION where the one that is wanted can't serve it; CORRAL_MODEL_UNSUPPORTED
 */
export function chooseEngine(model: ModelDescription, wanted: string, options: EngineOptions): Chosen {
  const candidates = ENGINES.map((make) => make(options))
    .filter(({ name }) => wanted === "auto" || wanted === name)
    .map((engine) => ({ engine, ...engine.takes(model) }));
  const taker = candidates.find(({ can }) => can);
  if (taker === undefined) throw nobody(model, wanted, candidates);
  return { engine: taker.engine, why: reasonOf(taker.why, candidates, wanted) };
}

/** Why those before it were passed over is part of the reason. */
function reasonOf(why: string, candidates: readonly { can: boolean; why: string }[], wanted: string): string {
  const passed = candidates
    .slice(
      0,
      candidates.findIndex(({ can }) => can),
    )
    .map((candidate) => candidate.why);
  return [...passed, wanted === "auto" ? why : `asked for, and ${why}`].join("; ");
}

function nobody(model: ModelDescription, wanted: string, candidates: readonly { why: string }[]): CorralError {
  const facts = { path: model.path, engine: wanted };
  const reasons = candidates.map(({ why }) => why).join("; ");
  return wanted === "auto"
    ? new CorralError("CORRAL_MODEL_UNSUPPORTED", `No engine serves ${model.path}: ${reasons}.`, { facts })
    : new CorralError(
        "CORRAL_BAD_OPTION",
        `The engine ${wanted} does not serve ${model.path}: ${reasons}. Leave \`engine\` at "auto".`,
        { facts },
      );
}
