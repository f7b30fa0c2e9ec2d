import type { Machine } from "../machine/machine.ts";
import type { ModelDescription } from "../model/description.ts";
import type { MemoryLedger } from "./plan.ts";
import { repackedTypes } from "./repack.ts";
import type { Shape } from "./shape.ts";

export const MIB = 1024 ** 2;

/** Tokens that the engine computes at once (llama-server's default -ub). */
const MICRO_BATCH = 512;
const F16 = 2;
const F32 = 4;

/** What a worker takes before it has a model: program, heap, HTTP threads. */
const PROCESS = 32 * MIB;
/** For each token of the vocabulary: its text, merges and hash table entries. */
const VOCABULARY_ENTRY = 256;
/** Embedding lengths alive at once in the graph: 20 measured for Qwen2-0.5B, whose feed-forward is wide. */
const ACTIVATIONS = 24;

/** llama-server's own default of --cache-ram, here for all workers together. */
const MOST_PROMPT_CACHE = 8192 * MIB;

/**
 * What a plan of this shape takes, by the formula of the MemoryLedger. The prompt cache gets a quarter of what is left,
 * so the total stays within the budget whenever the rest does.
 */
export function ledgerOf(machine: Machine, model: ModelDescription, shape: Shape): MemoryLedger {
  const budget = Math.min(machine.memory.limit ?? Number.POSITIVE_INFINITY, machine.memory.available);
  const file = model.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const repacked = shape.repack ? repackedBytes(machine, model) : 0;
  const kv = keyValueBytes(model, shape);
  const compute = computeBytes(model, shape);
  const headroom = headroomOf(budget);
  const needed = file + shape.workers * (repacked + kv + compute) + headroom;
  const promptCache = model.purpose !== "text" ? 0 : promptCacheBytes(budget - needed, shape.workers);
  return {
    file,
    repacked,
    kv,
    compute,
    promptCache,
    headroom,
    total: needed + shape.workers * promptCache,
    budget,
  };
}

/** Private copies of weights. An upper bound: embeddings of a repacked type are counted though they are only looked up. */
export function repackedBytes(machine: Machine, { tensorBytes }: ModelDescription): number {
  const types = repackedTypes(machine);
  return Object.entries(tensorBytes).reduce(
    (sum, [type, bytes]) => sum + (types.has(type.toUpperCase()) ? bytes : 0),
    0,
  );
}

/** Keys and values in f16, for every token of every slot. Models that embed or rank keep none. */
function keyValueBytes({ layers, kvHeads, headDim, purpose }: ModelDescription, { context, slots }: Shape): number {
  return purpose !== "text" ? 0 : 2 * layers * kvHeads * headDim * F16 * context * slots;
}

/**
 * An estimate of all else that a worker allocates: the graph's buffers for one micro-batch (activations, attention mask),
 * logits of each slot, the vocabulary and the program. For a 0.5B model with 4 slots of 8192 tokens it says 124 MiB;
 * llama-server's private memory less weights, keys and values was 94 MiB, with Qwen2's tokenizer and after requests.
 */
function computeBytes(model: ModelDescription, { context, slots }: Shape): number {
  const { vocabulary, embeddingLength, purpose } = model;
  // What only embeds reads a text at once, without a causal order to split it by.
  const tokens = purpose !== "text" ? context : Math.min(MICRO_BATCH, context * slots);
  const graph = tokens * (ACTIVATIONS * embeddingLength * F32 + context * F16);
  const logits = purpose !== "text" ? 0 : 2 * slots * vocabulary * F32;
  return PROCESS + vocabulary * VOCABULARY_ENTRY + graph + logits;
}

/** A twentieth for the gateway and the system, from 128 MiB (a gateway at rest) to 2 GiB. */
function headroomOf(budget: number): number {
  return Math.floor(Math.min(2048 * MIB, Math.max(128 * MIB, budget / 20)));
}

function promptCacheBytes(left: number, workers: number): number {
  const forAll = Math.min(MOST_PROMPT_CACHE, Math.max(0, left) / 4);
  return Math.floor(forAll / workers / MIB) * MIB;
}
