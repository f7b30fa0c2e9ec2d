import { align, TENSOR_TYPES } from "../gguf/types.ts";
import {
  ALIGNMENT,
  type ChatglmConfig,
  type ChatglmType,
  type ChatglmVersion,
  MAGIC,
  type VisionConfig,
  type WantedTensor,
} from "./layout.ts";

export interface ChatglmHead {
  readonly type: ChatglmType;
  readonly version: ChatglmVersion;
  readonly config: ChatglmConfig;
  /** Of type 1004, else null. */
  readonly vision: VisionConfig | null;
  /** A SentencePiece model (types 1 to 3) or a tiktoken list of ranks. */
  readonly tokenizer: Uint8Array;
}

/** All before the first tensor. */
export function encodeHead({ type, version, config, vision, tokenizer }: ChatglmHead): Uint8Array {
  return Buffer.concat([
    Buffer.from(MAGIC),
    i32(type, version),
    version === 1 ? encodeFirst(type, config) : encodeSecond(config),
    vision === null ? Buffer.alloc(0) : encodeVision(vision),
    i32(tokenizer.length),
    tokenizer,
  ]);
}

/** What stands before a tensor's data at this place of the file, filling included. */
export function encodeTensorHead({ name, shape, type }: WantedTensor, position: number): Uint8Array {
  const head = Buffer.concat([
    i32(Buffer.byteLength(name)),
    Buffer.from(name),
    i32(shape.length, ...shape, TENSOR_TYPES[type].id),
  ]);
  const end = position + head.length;
  return Buffer.concat([head, Buffer.alloc(align(end, ALIGNMENT) - end)]);
}

function encodeFirst(type: ChatglmType, config: ChatglmConfig): Uint8Array {
  const { dtype, vocabulary, hidden, heads, kvHeads, layers, ffn, maxLength, bos, eos, pad, sep } = config;
  return Buffer.concat([
    i32(TENSOR_TYPES[dtype].id, vocabulary, hidden, heads, layers, ffn, maxLength, bos ?? -1, eos, pad, sep ?? -1),
    type === 1 ? Buffer.alloc(0) : i32(kvHeads),
  ]);
}

function encodeSecond(config: ChatglmConfig): Uint8Array {
  const { dtype, vocabulary, hidden, heads, kvHeads, layers, ffn, maxLength, eos, pad } = config;
  return Buffer.concat([
    i32(TENSOR_TYPES[dtype].id, vocabulary, hidden, heads, kvHeads, layers, ffn),
    f32(config.normEps),
    i32(config.virtualTokens),
    f32(config.ropeTheta),
    i32(maxLength, eos, pad),
  ]);
}

function encodeVision(vision: VisionConfig): Uint8Array {
  const { dtype, hidden, imageSize, channels, ffn, normEps, heads, layers, positions, patchSize } = vision;
  return Buffer.concat([
    i32(TENSOR_TYPES[dtype].id, hidden, imageSize, channels, ffn),
    f32(normEps),
    i32(heads, layers, positions, patchSize),
    f32(vision.scalingFactor),
  ]);
}

function i32(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeInt32LE(value, 4 * index);
  return bytes;
}

function f32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}
