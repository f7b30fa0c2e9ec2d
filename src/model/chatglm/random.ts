import { CorralError } from "../../errors.ts";
import { encodeWeights } from "../gguf/quantise.ts";
import { type RandomType, randomWeights } from "../random/weights.ts";
import { requireCount, requireKnown } from "../require-option.ts";
import type { WriteOptions } from "../whole-file.ts";
import { type ChatglmConfig, type ChatglmVersion, MOST, type WantedTensor } from "./layout.ts";
import { MADE_TYPES, type MadeType, makeTokenizer, TOKENIZER_SIZES, type TokenizerSize } from "./tokenizer.ts";
import { writeChatglm } from "./write.ts";

export interface RandomChatglmOptions extends WriteOptions {
  readonly type: MadeType;
  /** Default "tiny". */
  readonly shape?: keyof typeof CHATGLM_SHAPES | undefined;
  /** Default: as many as the shape has. */
  readonly layers?: number | undefined;
  /** Of the matrices. Default "f16". */
  readonly quantisation?: keyof typeof QUANTISATIONS | undefined;
  /** Default: tiny for the tiny shape, else full, which takes seconds. */
  readonly tokenizer?: TokenizerSize | undefined;
  /** Tokens that prompt and answer may have together. Default: the shape's. */
  readonly maxLength?: number | undefined;
  /** Of p-tuning v2, which types 2 to 4 may have: random keys and values that stand before every prompt. Default 0. */
  readonly virtualTokens?: number | undefined;
  /** Of the format. Default 2; type 4 has no other, and p-tuning neither. */
  readonly version?: ChatglmVersion | undefined;
  /** Default 0. The same options give the same bytes. */
  readonly seed?: number | undefined;
}

interface ChatglmShape {
  readonly hidden: number;
  readonly heads: number;
  /** Of types 2 to 4. */
  readonly kvHeads: number;
  readonly layers: number;
  /** Of types 2 to 4; type 1 has four times its hidden size. */
  readonly ffn: number;
  readonly maxLength: number;
  readonly tokenizer: TokenizerSize;
}

export const CHATGLM_SHAPES = {
  tiny: { hidden: 128, heads: 4, kvHeads: 2, layers: 2, ffn: 256, maxLength: 2048, tokenizer: "tiny" },
  /** As in its `config.json`. */
  "chatglm3-6b": {
    hidden: 4096,
    heads: 32,
    kvHeads: 2,
    layers: 28,
    ffn: 13_696,
    maxLength: 8192,
    tokenizer: "full",
  },
} as const satisfies Record<string, ChatglmShape>;

const QUANTISATIONS = { f32: "F32", f16: "F16", q8_0: "Q8_0", q4_0: "Q4_0" } as const;

/**
 * Writes a model with random weights, whose greedy answers wander over the whole vocabulary and its filling, and depend on
 * all of the prompt.
 * Throws CORRAL_BAD_OPTION, CORRAL_WRITE_FAILED, or the signal's reason.
 */
export async function writeRandomChatglm(path: string, options: RandomChatglmOptions): Promise<void> {
  const { type, shape: shapeName = "tiny", quantisation = "f16", seed = 0 } = options;
  requireKnown("type", type, MADE_TYPES);
  requireKnown("shape", shapeName, CHATGLM_SHAPES);
  requireKnown("quantisation", quantisation, QUANTISATIONS);
  const shape: ChatglmShape = CHATGLM_SHAPES[shapeName];
  const { version = 2, virtualTokens = 0 } = options;
  requirePossible(type, version, virtualTokens);
  const { layers = shape.layers, maxLength = shape.maxLength, tokenizer: size = shape.tokenizer } = options;
  requireCount("layers", layers, MOST.layers);
  requireCount("maxLength", maxLength, MOST.maxLength);
  requireKnown("size of tokenizer", size, TOKENIZER_SIZES);
  const tokenizer = makeTokenizer(type, size);
  const config: ChatglmConfig = {
    dtype: QUANTISATIONS[quantisation],
    vocabulary: tokenizer.vocabulary,
    hidden: shape.hidden,
    heads: shape.heads,
    kvHeads: type === 1 ? shape.heads : shape.kvHeads,
    layers,
    ffn: type === 1 ? 4 * shape.hidden : shape.ffn,
    normEps: 1e-5,
    virtualTokens,
    ropeTheta: 10_000,
    maxLength,
    bos: null,
    eos: tokenizer.eos,
    pad: tokenizer.pad,
    sep: null,
  };
  const dataOf = (tensor: WantedTensor): Iterable<Uint8Array> => randomData(type, tensor, seed);
  await writeChatglm(path, { type, version, config, vision: null, tokenizer: tokenizer.bytes, dataOf }, options);
}

/** Norms are near 1, biases near 0, and matrices keep the size of what goes through them, but for the gains below. */
function* randomData(modelType: MadeType, { name, shape, type }: WantedTensor, seed: number): Generator<Uint8Array> {
  const length = shape.at(-1) ?? 1;
  if (shape.length > 1) {
    // The config's type and the prefix's are all that a matrix has here.
    yield* randomWeights(type as RandomType, shape.toReversed(), `${seed} ${name}`, gainOf(modelType, name));
    return;
  }
  const offset = /norm1?\.weight$/.test(name) ? 1 : 0;
  for (const piece of randomWeights("F32", [length], `${seed} ${name}`, Math.sqrt(length) / 8)) {
    const bytes = Buffer.from(piece);
    const values = Float32Array.from({ length: bytes.length / 4 }, (_, index) => offset + bytes.readFloatLE(4 * index));
    yield encodeWeights("F32", values);
  }
}

/** Attention must pick, and weigh as much as the token itself, or an answer would be a loop of a few tokens. */
function gainOf(type: MadeType, name: string): number {
  // Type 1 multiplies the residual by sqrt(56) before it adds to it.
  const louder = type === 1 ? 6 : 1;
  if (name.endsWith("query_key_value.weight")) return 2;
  if (name.endsWith("attention.dense.weight")) return 8 * louder;
  return name.endsWith("mlp.dense_4h_to_h.weight") ? 2 * louder : 1;
}

function requirePossible(type: MadeType, version: ChatglmVersion, virtualTokens: number): void {
  if (version === 1 && (type === 4 || virtualTokens > 0)) {
    throw new CorralError("CORRAL_BAD_OPTION", "version 1 knows neither type 4 nor p-tuning. Leave the version out.");
  }
  if (type === 1 && virtualTokens > 0) {
    throw new CorralError("CORRAL_BAD_OPTION", "chatglm.cpp has no p-tuning of type 1. Choose type 2, 3 or 4.");
  }
}
