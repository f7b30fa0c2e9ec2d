import type { ModelDescription } from "../model/description.ts";
import type { EngineTraits } from "../plan/engine-choice.ts";
import { MIB } from "../plan/memory.ts";
import type { EngineSettings } from "../plan/settings.ts";
import type { Shape } from "../plan/shape.ts";

/** Tokens that chatglm-server reads at once, where the model allows to read a prompt in pieces. */
const CHUNK = 64;
const F32 = 4;

/** Program, heap, HTTP threads. */
const PROCESS = 32 * MIB;
/** For each token of the vocabulary: its text, and entries of the tokenizer's tables. */
const VOCABULARY_ENTRY = 512;
/** Embedding lengths alive at once in the graph, feed-forward and its halves among them. */
const ACTIVATIONS = 24;
/** Tables of scores alive at once: the products, and what the mask is added to. */
const SCORES = 2;

/** There are no others. */
const SETTINGS: EngineSettings = {
  batch: CHUNK,
  flashAttention: "off",
  spin: "active",
  speculation: "off",
  sharedCache: false,
  hugePages: false,
  mapWeights: true,
};

export const chatglmTraits: EngineTraits = {
  mostSlots: 1,
  usualSlots: 1,
  hasPromptCache: false,
  exceedsContext: false,
  keyValueTypes: ["f16"],
  tunables: [],
  usualSettings: () => SETTINGS,
  byHand: { slots: 1, settings: SETTINGS },
  repackedBytes: () => 0,
  replacedBytes: () => 0,
  computeBytes,
};

/**
 * Buffers of the graph, which holds all scores of a layer at once: tokens of the piece x tokens of the context x heads.
 * ChatGLM-6B reads a prompt in one piece, so its scores grow with the square of the context.
 */
function computeBytes(model: ModelDescription, { context }: Shape): number {
  const { architecture, embeddingLength, heads, vocabulary } = model;
  const tokens = architecture === "chatglm" ? context : Math.min(CHUNK, context);
  const graph = tokens * F32 * (ACTIVATIONS * embeddingLength + SCORES * heads * context);
  return PROCESS + vocabulary * (VOCABULARY_ENTRY + 2 * F32) + graph;
}
