import { describeChatglm } from "./chatglm/describe.ts";
import { MODEL_TYPES } from "./chatglm/layout.ts";
import { type ChatglmFile, isChatglm, readChatglm } from "./chatglm/read.ts";
import { readTokenizer } from "./chatglm/read-tokenizer.ts";
import { conversionObstacle } from "./convert/convertible.ts";
import type { ModelDescription } from "./description.ts";
import { describeParts } from "./gguf/describe.ts";
import type { GgufArray, GgufValue, Scalar } from "./gguf/value.ts";
import { type ModelParts, readParts } from "./parts.ts";

/** A description and the metadata it was made from, as plain JSON. */
export interface ModelInspection extends ModelDescription {
  /**
   * Of a GGUF, its keys (of the first part); of chatglm.cpp's format, its type, configuration and tokenizer. An array of more than 128 elements is
   * `{ array: "string", length: 151936 }`; an integer beyond 2^53 is text.
   */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Describes a model with all that its header says. Throws as `describeModel`. */
export async function inspectModel(path: string): Promise<ModelInspection> {
  return (await isChatglm(path)) ? inspectChatglm(await readChatglm(path)) : inspectParts(await readParts(path));
}

async function inspectChatglm(file: ChatglmFile): Promise<ModelInspection> {
  const { type, version, config, vision } = file;
  const tokenizer = await readTokenizer(file);
  const { title } = MODEL_TYPES[type];
  const metadata = {
    type,
    title,
    version,
    config,
    ...(vision === null ? {} : { vision }),
    tokenizer: { ...file.tokenizer, tokens: tokenizer.tokens },
  };
  return { ...describeChatglm(file), unconvertible: conversionObstacle(file, tokenizer), metadata };
}

function inspectParts(parts: ModelParts): ModelInspection {
  const entries = [...parts[0].metadata].map(([key, value]) => [key, plain(value)]);
  return { ...describeParts(parts), metadata: Object.fromEntries(entries) };
}

const LONGEST_SHOWN = 128;

const plain = (value: GgufValue): unknown => (value.type === "array" ? plainArray(value) : plainScalar(value.value));

const plainArray = ({ of, length, values }: GgufArray): unknown =>
  values === null || length > LONGEST_SHOWN
    ? { array: of, length }
    : values.map((element) => (typeof element === "object" ? plainArray(element) : plainScalar(element)));

const plainScalar = (value: Scalar): unknown => (typeof value === "bigint" ? String(value) : value);
