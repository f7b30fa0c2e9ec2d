import { CorralError } from "../errors.ts";
import type { ModelDescription } from "../model/description.ts";
import type { EngineChoice } from "./engine-choice.ts";
import type { PlanOverrides } from "./plan.ts";

/** @throws CorralError CORRAL_BAD_OPTION for what is no positive whole number, or more than the engine can */
export function checkOverrides(
  overrides: PlanOverrides,
  { name: engine, traits }: EngineChoice,
  model: ModelDescription,
): void {
  for (const name of ["workers", "threads", "slots", "context"] as const) {
    const value = overrides[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0))
      throw refused(name, value, "give a whole number from 1 up, or leave it out.");
  }
  const { slots = 1, context = 1, keyValueType, promptCache = 0, settings } = overrides;
  if (slots > traits.mostSlots)
    throw refused("slots", slots, `the engine ${engine} computes ${traits.mostSlots} at once; add workers instead.`);
  if (!traits.exceedsContext && model.contextLength !== null && context > model.contextLength)
    throw refused("context", context, `the engine ${engine} goes no further than the model's ${model.contextLength}.`);
  if (keyValueType !== undefined && !traits.keyValueTypes.includes(keyValueType))
    throw refused("keyValueType", keyValueType, `the engine ${engine} has ${traits.keyValueTypes.join(" or ")} only.`);
  if (!(Number.isSafeInteger(promptCache) && promptCache >= 0))
    throw refused("promptCache", promptCache, "give bytes from 0 up, or leave it out.");
  if (promptCache > 0 && !traits.hasPromptCache)
    throw refused("promptCache", promptCache, `the engine ${engine} keeps no prompts beyond its slots: leave it out.`);
  if (settings?.mapWeights === false && !traits.tunables.includes("mapWeights"))
    throw refused("mapWeights", false, `the engine ${engine} always maps the model's file: leave it out.`);
}

function refused(option: string, value: unknown, why: string): CorralError {
  return new CorralError("CORRAL_BAD_OPTION", `${option} is ${value}: ${why}`, { facts: { option, value } });
}
