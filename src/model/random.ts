import { byteTokenizer } from "./echo/tokenizer.ts";
import { f32, type MadeValue, text, u32 } from "./gguf/encode.ts";
import { encodeWeights } from "./gguf/quantise.ts";
import type { Shape } from "./gguf/types.ts";
import { type MadeTensor, writeGguf } from "./gguf/write.ts";
import { CONTEXT, type ModelShape, PRESETS, type Preset, ROTARY_BASE } from "./random/presets.ts";
import { type RandomType, randomWeights } from "./random/weights.ts";
import { requireKnown } from "./require-option.ts";
import { readTokenizer } from "./tokenizer.ts";
import type { WriteOptions } from "./whole-file.ts";

export interface RandomOptions extends WriteOptions {
  /** The shape. */
  readonly preset: Preset;
  /** Of the matrices. */
  readonly type: keyof typeof TYPES;
  /** A GGUF file whose tokenizer and vocabulary are taken; default: a token a byte, filled up to the shape's vocabulary. */
  readonly vocabFile?: string | undefined;
  /** Default 0. The same options give the same bytes. */
  readonly seed?: number | undefined;
}

/** By name: the tensor type of matrices, and llama.cpp's number for a file of it (`llama_ftype` in llama.h). */
const TYPES = {
  f32: { tensor: "F32", file: 0 },
  f16: { tensor: "F16", file: 1 },
  q4_0: { tensor: "Q4_0", file: 2 },
  q8_0: { tensor: "Q8_0", file: 7 },
  q4_k: { tensor: "Q4_K", file: 14 },
} as const satisfies Record<string, { tensor: RandomType; file: number }>;

/**
 * Writes a Qwen2 model with random weights: as large and as fast as a real one of its shape and type, and saying nothing.
 * Throws CORRAL_BAD_OPTION, CORRAL_WRITE_FAILED, those of `readGguf` for the vocabulary file, or the signal's reason.
 */
export async function writeRandomModel(path: string, options: RandomOptions): Promise<void> {
  const { preset, type, vocabFile, seed = 0 } = options;
  requireKnown("preset", preset, PRESETS);
  requireKnown("type", type, TYPES);
  const shape: ModelShape = PRESETS[preset];
  const tokenizer =
    vocabFile === undefined
      ? { size: shape.vocabulary, metadata: byteTokenizer(shape.vocabulary) }
      : await readTokenizer(vocabFile);
  const model = { ...shape, vocabulary: tokenizer.size };

  await writeGguf(
    path,
    {
      metadata: [...metadata(model, `random ${preset}`, TYPES[type].file), ...tokenizer.metadata],
      tensors: tensors(model, TYPES[type].tensor, seed),
    },
    options,
  );
}

function metadata(model: ModelShape, name: string, fileType: number): [string, MadeValue][] {
  return [
    ["general.architecture", text("qwen2")],
    ["general.name", text(name)],
    ["general.file_type", u32(fileType)],
    ["qwen2.context_length", u32(CONTEXT)],
    ["qwen2.embedding_length", u32(model.embedding)],
    ["qwen2.block_count", u32(model.layers)],
    ["qwen2.feed_forward_length", u32(model.feedForward)],
    ["qwen2.attention.head_count", u32(model.heads)],
    ["qwen2.attention.head_count_kv", u32(model.kvHeads)],
    ["qwen2.attention.layer_norm_rms_epsilon", f32(1e-6)],
    ["qwen2.rope.freq_base", f32(ROTARY_BASE)],
    ["qwen2.vocab_size", u32(model.vocabulary)],
  ];
}

function tensors(model: ModelShape, type: RandomType, seed: number): MadeTensor[] {
  const { embedding, layers, vocabulary, tied } = model;
  const output = outputType(type);
  return [
    matrix("token_embd.weight", tied ? output : type, [embedding, vocabulary], seed),
    ...(tied ? [] : [matrix("output.weight", output, [embedding, vocabulary], seed)]),
    vector("output_norm.weight", embedding, 1),
    ...Array.from({ length: layers }, (_, layer) => layerTensors(model, layer, type, seed)).flat(),
  ];
}

function layerTensors(model: ModelShape, layer: number, type: RandomType, seed: number): MadeTensor[] {
  const { embedding, heads, kvHeads, feedForward } = model;
  const kv = (embedding / heads) * kvHeads;
  const name = (part: string): string => `blk.${layer}.${part}`;
  return [
    vector(name("attn_norm.weight"), embedding, 1),
    matrix(name("attn_q.weight"), type, [embedding, embedding], seed),
    matrix(name("attn_k.weight"), type, [embedding, kv], seed),
    matrix(name("attn_v.weight"), type, [embedding, kv], seed),
    vector(name("attn_q.bias"), embedding, 0),
    vector(name("attn_k.bias"), kv, 0),
    vector(name("attn_v.bias"), kv, 0),
    matrix(name("attn_output.weight"), type, [embedding, embedding], seed),
    vector(name("ffn_norm.weight"), embedding, 1),
    matrix(name("ffn_gate.weight"), type, [embedding, feedForward], seed),
    matrix(name("ffn_up.weight"), type, [embedding, feedForward], seed),
    matrix(name("ffn_down.weight"), type, [feedForward, embedding], seed),
  ];
}

/** Like llama-quantize, which keeps the output matrix at more bits than the others. */
const outputType = (type: RandomType): RandomType => (type === "Q4_0" || type === "Q4_K" ? "Q8_0" : type);

/** Like llama-quantize, which takes Q5_0 where rows are not whole blocks of 256. */
const rowType = (type: RandomType, columns: number): RandomType =>
  type === "Q4_K" && columns % 256 !== 0 ? "Q5_0" : type;

function matrix(name: string, wanted: RandomType, shape: Shape, seed: number): MadeTensor {
  const type = rowType(wanted, shape[0] ?? 0);
  return { name, type, shape, data: () => randomWeights(type, shape, `${seed} ${name}`) };
}

const vector = (name: string, length: number, value: number): MadeTensor => ({
  name,
  type: "F32",
  shape: [length],
  data: () => [encodeWeights("F32", new Float32Array(length).fill(value))],
});
