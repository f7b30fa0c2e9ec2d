import type { Machine } from "../machine/machine.ts";
import type { ModelDescription } from "../model/description.ts";
import type { EngineTraits } from "../plan/engine-choice.ts";
import { MIB } from "../plan/memory.ts";
import type { Shape } from "../plan/shape.ts";

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

/** Repacked products work on rows in fours: 4 sequences decode 1.4 times as much as 1, 2 no more than 1 (measured). */
const USUAL_SLOTS = 4;

/**
 * Tokens of one batch where several requests share a worker. A long prompt holds up everybody's next token for one
 * batch, and an abort is noticed between two, so less is better; the engine's default of 2048 makes others wait
 * 2048 / (prompt tokens per second). Small ones cost nothing: llama-bench with one thread on a 0.5B Q4_0 model read
 * 259, 277, 256 and 262 tokens a second in batches of 512, 256, 128 and 64.
 */
const SHARED_BATCH = 128;
/** Where nobody shares the worker only aborts wait: what the engine computes at once by default. */
const LONE_BATCH = 512;

export const llamaTraits: EngineTraits = {
  mostSlots: Number.POSITIVE_INFINITY,
  usualSlots: USUAL_SLOTS,
  hasPromptCache: true,
  exceedsContext: true,
  keyValueTypes: ["f16", "q8_0"],
  tunables: ["batch", "flashAttention", "spin", "speculation", "hugePages"],
  usualSettings: ({ slots }) => ({
    batch: slots > 1 ? SHARED_BATCH : LONE_BATCH,
    flashAttention: "auto",
    spin: "active",
    speculation: "off",
    hugePages: false,
  }),
  repackedBytes,
  computeBytes,
};

/**
 * The tensor types whose weights llama.cpp v0.5.0 copies into a layout of its own for this CPU. Read in its sources:
 * `ggml_repack_get_optimal_repack_type` in ggml/src/ggml-cpu/repack.cpp and `qtype_has_amx_kernels` in amx/common.h.
 */
function repackedTypes({ arch, features }: Pick<Machine, "arch" | "features">): ReadonlySet<string> {
  const has = (...names: string[]) => names.some((name) => features.includes(name));
  const types: string[] = [];
  if (arch === "arm64" && has("asimddp", "i8mm", "arm.FEAT_DotProd", "arm.FEAT_I8MM"))
    types.push("Q4_0", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "MXFP4");
  if (arch === "x64" && has("avx2", "avx2_0")) types.push("Q4_0", "Q4_K", "IQ4_NL", "MXFP4");
  if (arch === "x64" && has("avx512f")) types.push("Q2_K");
  if (arch === "x64" && has("amx_tile") && has("amx_int8"))
    types.push("Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS");
  return new Set(types);
}

/** Private copies of weights. An upper bound: embeddings of a repacked type are counted though they are only looked up. */
function repackedBytes(machine: Machine, { tensorBytes }: ModelDescription): number {
  const types = repackedTypes(machine);
  return Object.entries(tensorBytes).reduce(
    (sum, [type, bytes]) => sum + (types.has(type.toUpperCase()) ? bytes : 0),
    0,
  );
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
