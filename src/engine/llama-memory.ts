import type { ModelDescription } from "../model/description.ts";
import type { EngineTraits } from "../plan/engine-choice.ts";
import { MIB } from "../plan/memory.ts";
import type { EngineSettings } from "../plan/settings.ts";
import type { Shape } from "../plan/shape.ts";
import { repackedBytes, replacedBytes } from "./llama-repack.ts";

const F16 = 2;
const F32 = 4;

/** What a worker takes beside its model: program, heap, HTTP threads. The echo model's took 9 MiB in all. */
const PROCESS = 16 * MIB;
/** For each token of the vocabulary: its text, merges and hash table entries. 128 where nothing is merged; Qwen2's, 250. */
const VOCABULARY_ENTRY = 192;
/** For each slot and token of the vocabulary: a sampler's candidates, and room to sort them (3 MiB a slot of Qwen2's). */
const CANDIDATE = 24;
/** Tokens of a guess, and the one it goes on from (llama-server's default of --spec-ngram-simple-size-m). */
const SPECULATED = 48 + 1;

/** Arrays alive at once in the graph's widest places, as its buffers measured: of the feed-forward's width, */
const FEED_FORWARDS = 3;
/** and of the embedding's. */
const EMBEDDINGS = 6;
/** Experts of one token; the header's own number is 2 to 10. */
const EXPERTS_USED = 8;

/** Repacked products work on rows in fours: 4 sequences decode 1.4 times as much as 1, 2 no more than 1 (measured). */
const USUAL_SLOTS = 4;

/**
 * Tokens of one batch where several requests share a worker. A long prompt holds up everybody's next token for one
 * batch, and an abort is noticed between two, so less is better; the engine's default of 2048 makes others wait
 * 2048 / (prompt tokens per second). Small ones cost nothing: llama-bench with one thread on a 0.5B Q4_0 model read
 * 259, 277, 256 and 262 tokens a second in batches of 512, 256, 128 and 64.
 */
const SHARED_BATCH = 128;
/** What the engine computes at once by default. Where nobody shares the worker only aborts wait for it. */
const OWN_BATCH = 512;

/** Of v0.5.0 started with a model and nothing else. */
const OWN_SETTINGS: EngineSettings = {
  batch: OWN_BATCH,
  flashAttention: "auto",
  spin: "active",
  speculation: "off",
  sharedCache: true,
  hugePages: false,
  mapWeights: true,
};
/** The same: what it takes without -np. */
const OWN_SLOTS = 4;

export const llamaTraits: EngineTraits = {
  mostSlots: Number.POSITIVE_INFINITY,
  usualSlots: USUAL_SLOTS,
  hasPromptCache: true,
  exceedsContext: true,
  keyValueTypes: ["f16", "q8_0"],
  tunables: ["batch", "flashAttention", "spin", "sharedCache", "speculation", "hugePages", "mapWeights"],
  usualSettings: ({ slots }) => ({
    ...OWN_SETTINGS,
    batch: slots > 1 ? SHARED_BATCH : OWN_BATCH,
    sharedCache: false,
    // Weights are read whole for each token: with 4 KiB pages, through tens of thousands of entries of the page tables.
    hugePages: true,
  }),
  byHand: { slots: OWN_SLOTS, settings: OWN_SETTINGS },
  repackedBytes,
  replacedBytes,
  computeBytes,
};

/**
 * An estimate of all else that a worker comes to hold: the graph's buffers for one batch, logits and candidates of each
 * slot, the vocabulary and the program. llama-server says how large its buffers are: for a 0.5B model and 8192 tokens,
 * "compute" 10.9 MiB with 4 slots and a batch of 128, 43.5 with 1 and 512; without flash attention, which holds all scores
 * of a batch at once, 62 and 249. This says 12, 47, 63 and 251.
 */
function computeBytes(model: ModelDescription, { context, slots }: Shape, settings: EngineSettings): number {
  const { vocabulary, embeddingLength, heads, purpose } = model;
  const isText = purpose === "text";
  // What only embeds reads a text at once, without a causal order to split it by.
  const tokens = isText ? Math.min(settings.batch, context * slots) : context;
  const outputs = isText ? Math.min(tokens, slots * (settings.speculation === "ngram" ? SPECULATED : 1)) : 0;
  const logits = outputs * vocabulary * F32;
  const isFlash = settings.flashAttention !== "off";
  const mask = context * (isFlash ? F16 : F32);
  const widest = Math.max(isFlash ? 0 : heads * context, FEED_FORWARDS * feedForwardOf(model));
  const graph = Math.max(tokens * (mask + (widest + EMBEDDINGS * embeddingLength) * F32), logits);
  const candidates = isText ? slots * vocabulary * CANDIDATE : 0;
  return PROCESS + vocabulary * VOCABULARY_ENTRY + graph + logits + candidates;
}

/** The longest output of a matrix of a layer, in weights; of experts, of as many as a token uses. */
function feedForwardOf({ matrices, vocabulary, embeddingLength }: ModelDescription): number {
  const lengths = matrices.flatMap(({ shape: [, rows = 0, experts = 1], use }) =>
    use === "multiplied" && rows !== vocabulary ? [rows * Math.min(experts, EXPERTS_USED)] : [],
  );
  return Math.max(embeddingLength, ...lengths);
}
