import { type ChatglmHead, encodeHead, encodeTensorHead } from "../../src/model/chatglm/encode.ts";
import type { ChatglmConfig, VisionConfig, WantedTensor } from "../../src/model/chatglm/layout.ts";
import { wantedTensors } from "../../src/model/chatglm/layout.ts";
import { bytesOf } from "../../src/model/gguf/types.ts";

export const SMALL_CONFIG: ChatglmConfig = {
  dtype: "F32",
  vocabulary: 6,
  hidden: 16,
  heads: 4,
  kvHeads: 2,
  layers: 2,
  ffn: 8,
  normEps: 0.5,
  virtualTokens: 0,
  ropeTheta: 10_000,
  maxLength: 32,
  bos: null,
  eos: 2,
  pad: 0,
  sep: null,
};

export const SMALL_VISION: VisionConfig = {
  dtype: "F16",
  hidden: 8,
  imageSize: 8,
  channels: 3,
  ffn: 12,
  normEps: 0.5,
  heads: 2,
  layers: 1,
  positions: 5,
  patchSize: 2,
  scalingFactor: 8,
};

export interface SmallChatglm extends Partial<Omit<ChatglmHead, "config">> {
  readonly config?: Partial<ChatglmConfig>;
  /** What becomes of each tensor before it is written; null leaves it out. */
  readonly change?: (tensor: WantedTensor) => WantedTensor | null;
}

/** The bytes of a model of two layers: weights are zeros, and the tokenizer is five bytes that say nothing. */
export function smallChatglm({ change = (tensor) => tensor, ...given }: SmallChatglm = {}): Buffer {
  const type = given.type ?? 3;
  const config = { ...SMALL_CONFIG, ...(type === 1 ? { kvHeads: 4 } : {}), ...given.config };
  const vision = type === 1004 ? SMALL_VISION : null;
  const head = { version: 2 as const, tokenizer: Buffer.from("token"), ...given, type, config, vision };
  const pieces: Uint8Array[] = [encodeHead(head)];
  let position = pieces[0]!.length;
  for (const tensor of wantedTensors(type, config, vision).map(change)) {
    if (tensor === null) continue;
    const tensorHead = encodeTensorHead(tensor, position);
    const data = Buffer.alloc(bytesOf(tensor.type, tensor.shape));
    pieces.push(tensorHead, data);
    position += tensorHead.length + data.length;
  }
  return Buffer.concat(pieces);
}

/** The same bytes with one whole number replaced. */
export function withInt(content: Uint8Array, offset: number, value: number): Buffer {
  const changed = Buffer.from(content);
  changed.writeInt32LE(value, offset);
  return changed;
}

export function withFloat(content: Uint8Array, offset: number, value: number): Buffer {
  const changed = Buffer.from(content);
  changed.writeFloatLE(value, offset);
  return changed;
}
