import type { Machine } from "../machine/machine.ts";
import type { ModelDescription } from "../model/description.ts";
import type { EngineTraits } from "./engine-choice.ts";
import type { MemoryLedger } from "./plan.ts";
import type { Shape } from "./shape.ts";

export const MIB = 1024 ** 2;

const F16 = 2;

/** llama-server's own default of --cache-ram, here for all workers together. */
const MOST_PROMPT_CACHE = 8192 * MIB;

/**
 * What a plan of this shape takes, by the formula of the MemoryLedger. The prompt cache gets a quarter of what is left,
 * so the total stays within the budget whenever the rest does.
 */
export function ledgerOf(machine: Machine, model: ModelDescription, engine: EngineTraits, shape: Shape): MemoryLedger {
  const budget = Math.min(machine.memory.limit ?? Number.POSITIVE_INFINITY, machine.memory.available);
  const file = model.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const repacked = shape.repack ? engine.repackedBytes(machine, model) : 0;
  const kv = keyValueBytes(model, shape);
  const compute = engine.computeBytes(model, shape);
  const headroom = headroomOf(budget);
  const total = file + shape.workers * (repacked + kv + compute);
  const needed = total + headroom;
  const promptCache =
    model.purpose !== "text" || !engine.hasPromptCache ? 0 : promptCacheBytes(budget - needed, shape.workers);
  return {
    file,
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

/** Keys and values in f16, for every token of every slot. Models that embed or rank keep none. */
function keyValueBytes({ layers, kvHeads, headDim, purpose }: ModelDescription, { context, slots }: Shape): number {
  return purpose !== "text" ? 0 : 2 * layers * kvHeads * headDim * F16 * context * slots;
}

/** A twentieth for the gateway and the system, from 128 MiB (a gateway at rest) to 2 GiB. */
function headroomOf(budget: number): number {
  return Math.floor(Math.min(2048 * MIB, Math.max(128 * MIB, budget / 20)));
}

function promptCacheBytes(left: number, workers: number): number {
  const forAll = Math.min(MOST_PROMPT_CACHE, Math.max(0, left) / 4);
  return Math.floor(forAll / workers / MIB) * MIB;
}
