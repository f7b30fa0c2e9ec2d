import type { ModelDescription } from "../../src/model/description.ts";

const MIB = 1024 ** 2;

/** The shape of Qwen2.5-0.5B-Instruct in Q4_0: 12 KiB of keys and values a token, an output matrix in Q8_0. */
export const halfBillion: ModelDescription = {
  path: "/models/qwen2.5-0.5b-q4_0.gguf",
  name: "qwen2.5-0.5b-q4_0",
  format: "gguf",
  formatVersion: 3,
  architecture: "qwen2",
  parameters: 494_032_768,
  quantisation: "Q4_0",
  contextLength: 32_768,
  layers: 24,
  embeddingLength: 896,
  heads: 14,
  kvHeads: 2,
  headDim: 64,
  vocabulary: 151_936,
  chatTemplate: null,
  files: [{ path: "/models/qwen2.5-0.5b-q4_0.gguf", bytes: 340 * MIB }],
  tensorBytes: { Q4_0: 192 * MIB, Q8_0: 138 * MIB, F32: 1 * MIB },
  matrices: [
    { type: "Q8_0", shape: [896, 151_936], use: "both", bytes: 138 * MIB },
    { type: "Q4_0", shape: [896, 4864], use: "multiplied", bytes: 192 * MIB },
  ],
  purpose: "text",
};

/** The shape of Llama-3-8B in Q4_K_M: 128 KiB of keys and values a token (f16), 4.6 GiB of file. */
export const eightBillion: ModelDescription = {
  ...halfBillion,
  path: "/models/llama-3-8b-q4_k_m.gguf",
  name: "llama-3-8b-q4_k_m",
  architecture: "llama",
  parameters: 8_030_261_248,
  quantisation: "Q4_K",
  contextLength: 8192,
  layers: 32,
  embeddingLength: 4096,
  heads: 32,
  kvHeads: 8,
  headDim: 128,
  vocabulary: 128_256,
  files: [{ path: "/models/llama-3-8b-q4_k_m.gguf", bytes: 4692 * MIB }],
  tensorBytes: { Q4_K: 3500 * MIB, Q6_K: 1180 * MIB, F32: 2 * MIB },
  matrices: [
    { type: "Q4_K", shape: [4096, 128_256], use: "looked up", bytes: 282 * MIB },
    { type: "Q6_K", shape: [4096, 128_256], use: "multiplied", bytes: 411 * MIB },
    { type: "Q4_K", shape: [4096, 14_336], use: "multiplied", bytes: 3218 * MIB },
    { type: "Q6_K", shape: [14_336, 4096], use: "multiplied", bytes: 769 * MIB },
  ],
};
