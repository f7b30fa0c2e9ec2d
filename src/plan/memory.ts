import type { Machine } from "../machine/machine.ts";
import type { ModelDescription } from "../model/description.ts";
import type { EngineTraits } from "./engine-choice.ts";
import type { MemoryLedger, Plan, PlanOverrides } from "./plan.ts";
import type { Shape } from "./shape.ts";

export const MIB = 1024 ** 2;

/** Bytes of a key or value; q8_0 keeps 32 in 34. */
const KEY_VALUE_BYTES = { f16: 2, q8_0: 34 / 32 } as const;

/** llama-server's own default of --cache-ram, here for all workers together. */
const MOST_PROMPT_CACHE = 8192 * MIB;

/**
 * What a plan of this shape takes, by the formula of the MemoryLedger. A prompt cache of no fixed size gets a quarter of
 * what is left, so the peak stays within the budget whenever the rest does.
 * @param given What is fixed; other settings are the engine's usual ones for the shape.
 */
export function ledgerOf(
  machine: Machine,
  model: ModelDescription,
  engine: EngineTraits,
  shape: Shape,
  given: Pick<PlanOverrides, "settings" | "promptCache"> = {},
): MemoryLedger {
  const budget = Math.min(machine.memory.limit ?? Number.POSITIVE_INFINITY, machine.memory.available);
  const settings = { ...engine.usualSettings(shape), ...given.settings };
  const files = model.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const file = settings.mapWeights ? files : 0;
  const unpacked = settings.mapWeights ? 0 : files - (shape.repack ? engine.replacedBytes(machine, model) : 0);
  const repacked = shape.repack ? engine.repackedBytes(machine, model) : 0;
  const kv = keyValueBytes(model, shape);
  const compute = engine.computeBytes(model, shape, settings);
  const headroom = headroomOf(budget);
  const total = file + shape.workers * privateBytes({ unpacked, repacked, kv, compute });
  const needed = total + headroom;
  const usual = promptCacheBytes(budget - needed, shape.workers);
  const promptCache =
    model.purpose !== "text" || !engine.hasPromptCache ? 0 : wholeMebibytes(given.promptCache ?? usual);
  return {
    file,
    unpacked,
    repacked,
    kv,
    compute,
    promptCache,
    headroom,
    total,
    peak: needed + shape.workers * promptCache,
    budget,
  };
}

/** What one worker holds from the start and shares with nobody. */
export function privateBytes(ledger: Pick<MemoryLedger, "unpacked" | "repacked" | "kv" | "compute">): number {
  const { unpacked, repacked, kv, compute } = ledger;
  return unpacked + repacked + kv + compute;
}

/** Keys and values of one token. */
export function tokenBytes({ memory, slots, context }: Pick<Plan, "memory" | "slots" | "context">): number {
  return memory.kv / (slots * context);
}

/** Bytes that the workers of a plan may come to hold, prompt caches included. */
export function claimOf({ memory }: Pick<Plan, "memory">): number {
  return memory.peak - memory.headroom;
}

/** Keys and values for every token of every slot. Models that embed or rank keep none. */
function keyValueBytes(model: ModelDescription, { context, slots, keyValueType }: Shape): number {
  const { layers, kvHeads, headDim, purpose } = model;
  return purpose !== "text" ? 0 : 2 * layers * kvHeads * headDim * KEY_VALUE_BYTES[keyValueType] * context * slots;
}

/** A twentieth for the gateway and the system, from 128 MiB (a gateway at rest) to 2 GiB. */
export function headroomOf(budget: number): number {
  return Math.floor(Math.min(2048 * MIB, Math.max(128 * MIB, budget / 20)));
}

function promptCacheBytes(left: number, workers: number): number {
  const forAll = Math.min(MOST_PROMPT_CACHE, Math.max(0, left) / 4);
  return wholeMebibytes(forAll / workers);
}

function wholeMebibytes(bytes: number): number {
  return Math.floor(bytes / MIB) * MIB;
}
