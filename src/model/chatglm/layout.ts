import type { TensorType } from "../gguf/types.ts";

/** The numbers of chatglm.cpp's `.bin` format: `ModelConfigRecord*` of chatglm.h and chatglm_cpp/convert.py of 0.4.2. */

export const MAGIC = "ggml";
/** Tensor data begins at a multiple of this in the file. Bytes. */
export const ALIGNMENT = 16;

/** By the number in the file. */
export const MODEL_TYPES = {
  1: { title: "ChatGLM", architecture: "chatglm" },
  2: { title: "ChatGLM2", architecture: "chatglm2" },
  3: { title: "ChatGLM3", architecture: "chatglm3" },
  4: { title: "GLM4", architecture: "glm4" },
  1004: { title: "GLM4V", architecture: "glm4v" },
} as const;

export type ChatglmType = keyof typeof MODEL_TYPES;
export type ChatglmVersion = 1 | 2;

/** Tensor types that the format knows. */
export const WEIGHT_TYPES = ["F32", "F16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"] as const satisfies TensorType[];
export type WeightType = (typeof WEIGHT_TYPES)[number];

/** Far more than any model has; small enough that all that follows from them is exact, and its table fits memory. */
export const MOST = {
  vocabulary: 2 ** 24,
  hidden: 2 ** 17,
  heads: 4096,
  layers: 1024,
  ffn: 2 ** 21,
  virtualTokens: 2 ** 16,
  maxLength: 2 ** 24,
  pixels: 2 ** 14,
} as const;

export interface ChatglmConfig {
  /** Of all matrices. */
  readonly dtype: WeightType;
  /** Rows of the embedding: the tokenizer's tokens, and filling up to a round number. */
  readonly vocabulary: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly layers: number;
  readonly ffn: number;
  /** 1e-5 in version 1, which does not say it; so too 0 and 10,000 below. */
  readonly normEps: number;
  /** Of p-tuning v2: keys and values that stand before every prompt. */
  readonly virtualTokens: number;
  readonly ropeTheta: number;
  /** Tokens that prompt and answer may have together. */
  readonly maxLength: number;
  /** Token ids; -1 where the model has none, null where the version does not say it. */
  readonly bos: number | null;
  readonly eos: number;
  readonly pad: number;
  readonly sep: number | null;
}

/** Of type 1004. */
export interface VisionConfig {
  readonly dtype: WeightType;
  readonly hidden: number;
  readonly imageSize: number;
  readonly channels: number;
  readonly ffn: number;
  readonly normEps: number;
  readonly heads: number;
  readonly layers: number;
  readonly positions: number;
  readonly patchSize: number;
  readonly scalingFactor: number;
}

/** Rows first, as in the file: the last number is the length of a row. */
export type RowsFirst = readonly number[];

/** A tensor that a model of some configuration has. */
export interface WantedTensor {
  readonly name: string;
  readonly shape: RowsFirst;
  readonly type: WeightType;
}

/** All tensors of a model in the order that chatglm.cpp's converter writes them. */
export function wantedTensors(type: ChatglmType, config: ChatglmConfig, vision: VisionConfig | null): WantedTensor[] {
  if (type === 1) return firstGeneration(config);
  return [...(vision === null ? [] : visionTensors(config, vision)), ...prefix(config), ...laterGenerations(config)];
}

function firstGeneration({ dtype, vocabulary, hidden, layers, ffn }: ChatglmConfig): WantedTensor[] {
  const linear = (name: string, rows: number, columns: number): WantedTensor[] => [
    { name: `${name}.weight`, shape: [rows, columns], type: dtype },
    vector(`${name}.bias`, rows),
  ];
  return [
    { name: "transformer.word_embeddings.weight", shape: [vocabulary, hidden], type: dtype },
    ...each(layers, (layer) => {
      const own = (part: string): string => `transformer.layers.${layer}.${part}`;
      return [
        ...norm(own("input_layernorm"), hidden),
        ...linear(own("attention.query_key_value"), 3 * hidden, hidden),
        ...linear(own("attention.dense"), hidden, hidden),
        ...norm(own("post_attention_layernorm"), hidden),
        ...linear(own("mlp.dense_h_to_4h"), ffn, hidden),
        ...linear(own("mlp.dense_4h_to_h"), hidden, ffn),
      ];
    }),
    ...norm("transformer.final_layernorm", hidden),
  ];
}

function prefix({ virtualTokens, layers, kvHeads, heads, hidden }: ChatglmConfig): WantedTensor[] {
  if (virtualTokens === 0) return [];
  return [{ name: "past_key_values", shape: [2 * layers, kvHeads, virtualTokens, hidden / heads], type: "F16" }];
}

function laterGenerations(config: ChatglmConfig): WantedTensor[] {
  const { dtype, vocabulary, hidden, heads, kvHeads, layers, ffn } = config;
  const matrix = (name: string, rows: number, columns: number): WantedTensor => ({
    name: `${name}.weight`,
    shape: [rows, columns],
    type: dtype,
  });
  const qkv = hidden + 2 * kvHeads * (hidden / heads);
  return [
    matrix("transformer.embedding.word_embeddings", vocabulary, hidden),
    ...each(layers, (layer) => {
      const own = (part: string): string => `transformer.encoder.layers.${layer}.${part}`;
      return [
        vector(own("input_layernorm.weight"), hidden),
        matrix(own("self_attention.query_key_value"), qkv, hidden),
        vector(own("self_attention.query_key_value.bias"), qkv),
        matrix(own("self_attention.dense"), hidden, hidden),
        vector(own("post_attention_layernorm.weight"), hidden),
        // The gate's rows, then those of the upward projection.
        matrix(own("mlp.dense_h_to_4h"), 2 * ffn, hidden),
        matrix(own("mlp.dense_4h_to_h"), hidden, ffn),
      ];
    }),
    vector("transformer.encoder.final_layernorm.weight", hidden),
    matrix("transformer.output_layer", vocabulary, hidden),
  ];
}

function visionTensors({ hidden, ffn }: ChatglmConfig, vision: VisionConfig): WantedTensor[] {
  const own = (part: string): string => `transformer.vision.${part}`;
  const matrix = (name: string, rows: number, columns: number): WantedTensor => ({
    name: own(`${name}.weight`),
    shape: [rows, columns],
    type: vision.dtype,
  });
  const linear = (name: string, rows: number, columns: number): WantedTensor[] => [
    matrix(name, rows, columns),
    vector(own(`${name}.bias`), rows),
  ];
  const half = (name: string, ...shape: number[]): WantedTensor => ({ name: own(name), shape, type: "F16" });
  const { channels, patchSize, positions } = vision;
  return [
    half("patch_embedding.cls_embedding", 1, vision.hidden),
    half("patch_embedding.proj.weight", vision.hidden, channels, patchSize, patchSize),
    vector(own("patch_embedding.proj.bias"), vision.hidden),
    { name: own("patch_embedding.position_embedding.weight"), shape: [positions, vision.hidden], type: "F32" },
    ...each(vision.layers, (layer) => [
      ...norm(own(`transformer.layers.${layer}.input_layernorm`), vision.hidden),
      ...linear(`transformer.layers.${layer}.attention.query_key_value`, 3 * vision.hidden, vision.hidden),
      ...linear(`transformer.layers.${layer}.attention.dense`, vision.hidden, vision.hidden),
      ...linear(`transformer.layers.${layer}.mlp.fc1`, vision.ffn, vision.hidden),
      ...linear(`transformer.layers.${layer}.mlp.fc2`, vision.hidden, vision.ffn),
      ...norm(own(`transformer.layers.${layer}.post_attention_layernorm`), vision.hidden),
    ]),
    half("conv.weight", hidden, vision.hidden, 2, 2),
    vector(own("conv.bias"), hidden),
    matrix("linear_proj.linear_proj", hidden, hidden),
    ...norm(own("linear_proj.norm1"), hidden),
    matrix("linear_proj.gate_proj", ffn, hidden),
    matrix("linear_proj.dense_h_to_4h", ffn, hidden),
    matrix("linear_proj.dense_4h_to_h", hidden, ffn),
    half("boi", 1, 1, hidden),
    half("eoi", 1, 1, hidden),
  ];
}

const vector = (name: string, length: number): WantedTensor => ({ name, shape: [length], type: "F32" });
const norm = (name: string, length: number): WantedTensor[] => [
  vector(`${name}.weight`, length),
  vector(`${name}.bias`, length),
];
const each = (layers: number, tensors: (layer: number) => WantedTensor[]): WantedTensor[] =>
  Array.from({ length: layers }, (_, layer) => tensors(layer)).flat();
