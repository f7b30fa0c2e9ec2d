import { CorralError } from "../errors.ts";
import { CODE_LENGTH, CODES } from "./echo/codes.ts";
import {
  EMBEDDING,
  echoLayers,
  FEED_FORWARD,
  HEAD_SIZE,
  HEADS,
  type Layer,
  NEXT,
  ONE,
  REACH,
  ROTARY_BASE,
  ROTARY_FACTORS,
  scoresOf,
} from "./echo/layers.ts";
import { byteTokenizer } from "./echo/tokenizer.ts";
import { TOKENS, tokenId } from "./echo/tokens.ts";
import { f32, type MadeValue, text, u32 } from "./gguf/encode.ts";
import { encodeWeights, type MadeType } from "./gguf/quantise.ts";
import { type MadeTensor, writeGguf } from "./gguf/write.ts";
import { Matrix } from "./matrix.ts";
import type { WriteOptions } from "./whole-file.ts";

export interface EchoOptions extends WriteOptions {
  /**
   * What all attention scores are multiplied by; default 1, at most 5. At 5 they are as large as some real models'
   * (1.6 * 10^5) and only a build that sums in single precision answers right; beyond it, queries no longer fit f16.
   */
  readonly loud?: number | undefined;
  /** Of the matrices. Default f16 (18 MB). With q8_0 a few chats of several turns fail. */
  readonly type?: "f16" | "f32" | "q8_0" | undefined;
}

const TENSOR_TYPES = { f16: "F16", f32: "F32", q8_0: "Q8_0" } as const satisfies Record<string, MadeType>;

/**
 * Writes the echo model: a transformer of four layers whose weights are set by formula. It repeats the last user message
 * word for word and stops, so that a wrong answer shows in its text. It loses its place where the text repeats a run of
 * about 14 bytes, and beyond 1,500 bytes. The same bytes every time.
 * Throws CORRAL_BAD_OPTION, CORRAL_WRITE_FAILED, or the signal's reason.
 */
export async function writeEchoModel(path: string, options: EchoOptions = {}): Promise<void> {
  const { loud = 1, type = "f16" } = options;
  if (!(loud >= 1 && loud <= 5)) {
    throw new CorralError(
      "CORRAL_BAD_OPTION",
      `an echo model can't be ${loud} times as loud. Give a number from 1 to 5.`,
    );
  }
  if (!Object.hasOwn(TENSOR_TYPES, type)) {
    const known = Object.keys(TENSOR_TYPES).join(", ");
    throw new CorralError("CORRAL_BAD_OPTION", `an echo model can't be of type "${type}". Choose one of ${known}.`);
  }
  await writeGguf(path, { metadata: metadata(), tensors: tensors(loud, TENSOR_TYPES[type]) }, options);
}

function metadata(): [string, MadeValue][] {
  return [
    ["general.architecture", text("llama")],
    ["general.name", text("echo")],
    ["llama.context_length", u32(REACH)],
    ["llama.embedding_length", u32(EMBEDDING)],
    ["llama.block_count", u32(4)],
    ["llama.feed_forward_length", u32(FEED_FORWARD)],
    ["llama.attention.head_count", u32(HEADS)],
    ["llama.attention.head_count_kv", u32(1)],
    ["llama.attention.key_length", u32(HEAD_SIZE)],
    ["llama.attention.value_length", u32(HEAD_SIZE)],
    ["llama.attention.layer_norm_rms_epsilon", f32(1e-6)],
    ["llama.rope.freq_base", f32(ROTARY_BASE)],
    ["llama.rope.dimension_count", u32(HEAD_SIZE)],
    ["llama.vocab_size", u32(TOKENS.length)],
    ...byteTokenizer(),
  ];
}

function tensors(loud: number, type: MadeType): MadeTensor[] {
  return [
    vector("rope_freqs.weight", ROTARY_FACTORS),
    matrix("token_embd.weight", type, embedding()),
    vector("output_norm.weight", ones()),
    matrix("output.weight", type, head()),
    ...echoLayers(scoresOf(loud)).flatMap((layer, index) => layerTensors(layer, index, type)),
  ];
}

function layerTensors(layer: Layer, index: number, type: MadeType): MadeTensor[] {
  const name = (part: string): string => `blk.${index}.${part}.weight`;
  return [
    vector(name("attn_norm"), ones()),
    vector(name("ffn_norm"), ones()),
    matrix(name("attn_q"), type, layer.q),
    matrix(name("attn_k"), type, layer.k),
    matrix(name("attn_v"), type, layer.v),
    matrix(name("attn_output"), type, layer.o),
    matrix(name("ffn_gate"), type, layer.gate),
    matrix(name("ffn_up"), type, layer.up),
    matrix(name("ffn_down"), type, layer.down),
  ];
}

/** A token begins as its own code and the constant. */
function embedding(): Matrix {
  const weights = new Matrix(TOKENS.length, EMBEDDING);
  for (const [token, code] of CODES.entries()) {
    for (const [sign, value] of code.entries()) weights.set(token, sign, value);
    weights.set(token, ONE, 1);
  }
  return weights;
}

/** The answer is the token whose code is most like the block of the next token; never a mark that begins something. */
function head(): Matrix {
  const silent = new Set([tokenId("<|user|>"), tokenId("<|assistant|>"), tokenId("</s>"), tokenId("<s>")]);
  const weights = new Matrix(TOKENS.length, EMBEDDING);
  for (const [token, code] of CODES.entries()) {
    if (silent.has(token)) continue;
    for (const [sign, value] of code.entries()) weights.set(token, NEXT * CODE_LENGTH + sign, 3 * value);
  }
  return weights;
}

const ones = (): number[] => Array.from({ length: EMBEDDING }, () => 1);

const vector = (name: string, values: readonly number[]): MadeTensor => ({
  name,
  type: "F32",
  shape: [values.length],
  data: () => [encodeWeights("F32", Float32Array.from(values))],
});

const matrix = (name: string, type: MadeType, weights: Matrix): MadeTensor => ({
  name,
  type,
  shape: [weights.columns, weights.rows],
  *data() {
    for (const band of weights.bands()) yield encodeWeights(type, band);
  },
});
