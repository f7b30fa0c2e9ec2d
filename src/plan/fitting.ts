import type { Machine } from "../machine/machine.ts";
import type { ModelDescription } from "../model/description.ts";
import type { Freedom } from "./concessions.ts";
import type { EngineTraits } from "./engine-choice.ts";
import { ledgerOf } from "./memory.ts";
import type { MemoryLedger, PlanOverrides } from "./plan.ts";
import type { Shape } from "./shape.ts";

/** What is to be fitted into memory, and what it may become. */
export interface Fitting extends Freedom {
  readonly wanted: Shape;
  /** Of each worker, where the user said so. */
  readonly threads: number | undefined;
  /** The model's weights. */
  readonly parameters: number;
  readonly ledgerOf: (shape: Shape) => MemoryLedger;
}

/** @param given What the user fixed. */
export function fittingOf(
  machine: Machine,
  model: ModelDescription,
  traits: EngineTraits,
  given: PlanOverrides,
  wanted: Shape,
): Fitting {
  const fields = ["workers", "slots", "context", "repack", "keyValueType"] as const;
  // Quantised values are read by flash attention only, and a head is kept in whole blocks of 32.
  const canQuantise = given.settings?.flashAttention !== "off" && model.headDim % 32 === 0;
  return {
    wanted,
    fixed: new Set(fields.filter((field) => given[field] !== undefined)),
    threads: given.threads,
    mostSlots: traits.mostSlots,
    keyValueTypes: canQuantise ? traits.keyValueTypes : ["f16"],
    parameters: model.parameters,
    ledgerOf: (shape) => ledgerOf(machine, model, traits, shape, given),
  };
}
