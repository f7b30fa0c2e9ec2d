import type { Cursor } from "../cursor.ts";
import { TENSOR_TYPES, tensorTypeOf } from "../gguf/types.ts";
import {
  type ChatglmConfig,
  type ChatglmType,
  type ChatglmVersion,
  MOST,
  type VisionConfig,
  WEIGHT_TYPES,
  type WeightType,
} from "./layout.ts";

/** The record of a model's numbers. Throws CORRAL_MODEL_BROKEN where they can't be a model's. */
export async function readConfig(cursor: Cursor, type: ChatglmType, version: ChatglmVersion): Promise<ChatglmConfig> {
  cursor.section = "its configuration";
  const config = version === 1 ? await readFirst(cursor, type) : await readSecond(cursor, type);
  requireHeads(cursor, config);
  requireBlocks(cursor, config.dtype, [config.hidden, config.ffn]);
  const { eos, vocabulary } = config;
  if (eos < -1 || eos >= vocabulary) {
    throw cursor.broken(`says that token ${eos} ends an answer, and that it has ${vocabulary} tokens`);
  }
  return config;
}

/** `ModelConfigRecordV1`, and for types 2 and 3 `ModelConfigRecordV1GQA`. */
async function readFirst(cursor: Cursor, type: ChatglmType): Promise<ChatglmConfig> {
  await cursor.fill(type === 1 ? 44 : 48);
  const record = new Fields(cursor);
  const dtype = record.weightType();
  const vocabulary = record.count("vocabulary", MOST.vocabulary);
  const hidden = record.count("hidden size", MOST.hidden);
  const heads = record.count("number of heads", MOST.heads);
  const layers = record.count("number of layers", MOST.layers);
  const ffn = record.count("feed-forward size", MOST.ffn);
  const maxLength = record.count("greatest length", MOST.maxLength);
  const [bos, eos, pad, sep] = [record.id(), record.id(), record.id(), record.id()];
  const kvHeads = type === 1 ? heads : record.count("number of heads for keys and values", MOST.heads);
  const unsaid = { normEps: 1e-5, virtualTokens: 0, ropeTheta: 10_000 };
  return { dtype, vocabulary, hidden, heads, kvHeads, layers, ffn, ...unsaid, maxLength, bos, eos, pad, sep };
}

/** `ModelConfigRecordV2`. */
async function readSecond(cursor: Cursor, type: ChatglmType): Promise<ChatglmConfig> {
  await cursor.fill(52);
  const record = new Fields(cursor);
  const dtype = record.weightType();
  const vocabulary = record.count("vocabulary", MOST.vocabulary);
  const hidden = record.count("hidden size", MOST.hidden);
  const heads = record.count("number of heads", MOST.heads);
  const saidHeads = record.count("number of heads for keys and values", MOST.heads);
  const layers = record.count("number of layers", MOST.layers);
  const ffn = record.count("feed-forward size", MOST.ffn);
  const normEps = record.positive("epsilon of norms", 1);
  const virtualTokens = record.count("number of virtual tokens", MOST.virtualTokens, 0);
  const ropeTheta = record.positive("rotary base", Number.MAX_VALUE);
  const maxLength = record.count("greatest length", MOST.maxLength);
  const [eos, pad] = [record.id(), record.id()];
  // chatglm.cpp does not look at what type 1 says of them.
  const kvHeads = type === 1 ? heads : saidHeads;
  const own = { dtype, vocabulary, hidden, heads, kvHeads, layers, ffn, normEps, virtualTokens, ropeTheta };
  return { ...own, maxLength, bos: null, eos, pad, sep: null };
}

/** `VisionModelConfigRecord`. Throws CORRAL_MODEL_BROKEN. */
export async function readVision(cursor: Cursor): Promise<VisionConfig> {
  cursor.section = "its configuration of vision";
  await cursor.fill(44);
  const record = new Fields(cursor);
  const vision: VisionConfig = {
    dtype: record.weightType(),
    hidden: record.count("hidden size of vision", MOST.hidden),
    imageSize: record.count("image size", MOST.pixels),
    channels: record.count("number of channels", 16),
    ffn: record.count("feed-forward size of vision", MOST.ffn),
    normEps: record.positive("epsilon of norms of vision", 1),
    heads: record.count("number of heads of vision", MOST.heads),
    layers: record.count("number of layers of vision", MOST.layers),
    positions: record.count("number of positions", MOST.vocabulary),
    patchSize: record.count("patch size", MOST.pixels),
    scalingFactor: record.positive("scaling factor", Number.MAX_VALUE),
  };
  requireBlocks(cursor, vision.dtype, [vision.hidden, vision.ffn]);
  return vision;
}

function requireHeads(cursor: Cursor, { hidden, heads, kvHeads }: ChatglmConfig): void {
  // Half of a head is turned by rotary angles, in pairs.
  if (hidden % (4 * heads) === 0 && heads % kvHeads === 0) return;
  throw cursor.broken(
    `says that it has ${heads} heads in ${hidden} dimensions, ${kvHeads} for keys and values, which no model has`,
  );
}

function requireBlocks(cursor: Cursor, dtype: WeightType, rows: readonly number[]): void {
  const broken = rows.find((row) => row % TENSOR_TYPES[dtype].weights !== 0);
  if (broken === undefined) return;
  throw cursor.broken(`says that it has ${dtype} weights in rows of ${broken}, which are no whole blocks`);
}

/** Numbers of a record, after a fill of its size. */
class Fields {
  readonly #cursor: Cursor;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  id(): number {
    return Number(this.#cursor.number("i32"));
  }

  count(what: string, most: number, least = 1): number {
    const value = this.id();
    if (value < least || value > most) throw this.#absurd(what, value);
    return value;
  }

  positive(what: string, below: number): number {
    const value = Number(this.#cursor.number("f32"));
    if (!(value > 0 && value < below)) throw this.#absurd(what, value);
    return value;
  }

  weightType(): WeightType {
    const id = this.id();
    const type = WEIGHT_TYPES.find((known) => known === tensorTypeOf(id));
    if (type === undefined) throw this.#cursor.broken(`says that its weights are of the unknown type ${id}`);
    return type;
  }

  #absurd(what: string, value: number): Error {
    return this.#cursor.broken(`says that its ${what} is ${value}, which no model's is`);
  }
}
