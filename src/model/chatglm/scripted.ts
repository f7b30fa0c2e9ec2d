import { encodeWeights } from "../gguf/quantise.ts";
import { Matrix } from "../matrix.ts";
import { requireCount, requireKnown } from "../require-option.ts";
import type { WriteOptions } from "../whole-file.ts";
import { type ChatglmConfig, MOST, type WantedTensor } from "./layout.ts";
import { MADE_TYPES, type MadeTokenizer, type MadeType, makeTokenizer } from "./tokenizer.ts";
import { writeChatglm } from "./write.ts";

export interface ScriptedOptions extends WriteOptions {
  readonly type: MadeType;
  /** What it says, greedily and whatever the prompt: "abc...z" and then the end, or the alphabet again and again. */
  readonly script: "alphabet" | "endless";
  /** Tokens that prompt and answer may have together. Default 2048. */
  readonly maxLength?: number | undefined;
}

const SCRIPTS = { alphabet: true, endless: true };

const HIDDEN = 32;
const FFN = 4 * HIDDEN;
/** Classes of tokens: the letters a to z, the end, and all others. Each has a dimension of its own. */
const END = 26;
const OTHER = 27;

/**
 * Writes a model of one layer that looks at nothing but the last token: after a letter it says the next one, after any
 * other token `a`. All types but 1 know a letter at the end of a longer token, too, so that they go on with a text from
 * wherever it was cut. A file of about 200 KB, the same bytes every time.
 * Throws CORRAL_BAD_OPTION, CORRAL_WRITE_FAILED, or the signal's reason.
 */
export async function writeScriptedChatglm(path: string, options: ScriptedOptions): Promise<void> {
  const { type, script, maxLength = 2048 } = options;
  requireKnown("type", type, MADE_TYPES);
  requireKnown("script", script, SCRIPTS);
  requireCount("maxLength", maxLength, MOST.maxLength);
  const tokenizer = makeTokenizer(type, "tiny");
  const config: ChatglmConfig = {
    dtype: "F16",
    vocabulary: tokenizer.vocabulary,
    hidden: HIDDEN,
    heads: 2,
    kvHeads: type === 1 ? 2 : 1,
    layers: 1,
    ffn: FFN,
    normEps: 1e-5,
    virtualTokens: 0,
    ropeTheta: 10_000,
    maxLength,
    bos: null,
    eos: tokenizer.eos,
    pad: tokenizer.pad,
    sep: null,
  };
  const set = type === 1 ? firstGeneration(tokenizer, script) : laterGenerations(tokenizer, script);
  await writeChatglm(
    path,
    { type, version: 2, config, vision: null, tokenizer: tokenizer.bytes, dataOf: (tensor) => data(tensor, set) },
    options,
  );
}

/** Weights by the name of their tensor, or one value for all of it. Others are 0, and those of norms 1. */
type SetWeights = Readonly<Record<string, Matrix | number>>;

/**
 * The embedding marks a token's class, by its last letter; the output matrix goes from each class to the one after it, of
 * which only the letters themselves are.
 */
const laterGenerations = (tokenizer: MadeTokenizer, script: ScriptedOptions["script"]): SetWeights => ({
  "transformer.embedding.word_embeddings.weight": classes(tokenizer, (own) => [own], tokenizer.endings),
  "transformer.output_layer.weight": classes(tokenizer, (next) => before(next, script)),
});

/**
 * The output matrix is the embedding, so the feed-forward goes from class to class. A norm makes 5.6 of the mark of the
 * class and -0.2 of the others; the unit of the class is 5.6 - 3, the others' gelu is next to 0; and what is added to the
 * mark of the next class, 60 * 2.6, is more than what stays of the first, sqrt(56) * 5.6.
 */
function firstGeneration(tokenizer: MadeTokenizer, script: ScriptedOptions["script"]): SetWeights {
  const toUnits = new Matrix(FFN, HIDDEN);
  const fromUnits = new Matrix(HIDDEN, FFN);
  for (let unit = 0; unit <= OTHER; unit++) {
    toUnits.set(unit, unit, 1);
    fromUnits.set(after(unit, script), unit, 60);
  }
  return {
    "transformer.word_embeddings.weight": classes(tokenizer, (own) => [own]),
    "transformer.layers.0.mlp.dense_h_to_4h.weight": toUnits,
    "transformer.layers.0.mlp.dense_h_to_4h.bias": -3,
    "transformer.layers.0.mlp.dense_4h_to_h.weight": fromUnits,
  };
}

/** The class that comes next. */
function after(one: number, script: ScriptedOptions["script"]): number {
  if (one >= END) return 0;
  return one === 25 && script === "endless" ? 0 : one + 1;
}

const before = (next: number, script: ScriptedOptions["script"]): number[] =>
  Array.from({ length: OTHER + 1 }, (_, one) => one).filter((one) => after(one, script) === next);

/** A row for each token, in which the dimensions are 1 that go with its class. */
function classes(
  { letters, eos, vocabulary }: MadeTokenizer,
  marks: (own: number) => readonly number[],
  endings: ReadonlyMap<number, number> = new Map(letters.map((id, letter) => [id, letter])),
): Matrix {
  const weights = new Matrix(vocabulary, HIDDEN);
  const classOf = new Map([...endings, [eos, END]]);
  for (let token = 0; token < vocabulary; token++) {
    for (const mark of marks(classOf.get(token) ?? OTHER)) weights.set(token, mark, 1);
  }
  return weights;
}

function* data({ name, shape, type }: WantedTensor, set: SetWeights): Generator<Uint8Array> {
  const weights = set[name] ?? (/norm\.weight$/.test(name) ? 1 : 0);
  if (weights instanceof Matrix) {
    for (const band of weights.bands()) yield encode(type, band);
    return;
  }
  const [rows = 1, columns = 1] = shape;
  yield encode(type, new Float32Array(rows * columns).fill(weights));
}

const encode = (type: WantedTensor["type"], weights: Float32Array): Uint8Array =>
  encodeWeights(type === "F32" ? "F32" : "F16", weights);
