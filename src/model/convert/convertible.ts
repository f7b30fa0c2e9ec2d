import { MODEL_TYPES } from "../chatglm/layout.ts";
import { type ChatglmFile, readTokenizerBytes } from "../chatglm/read.ts";
import { readSentencePiece } from "../chatglm/sentencepiece.ts";
import { readTiktoken } from "../chatglm/tiktoken.ts";
import type { ModelDescription } from "../description.ts";
import { convertSentencePiece, sentencePieceObstacle } from "./sentencepiece.ts";
import type { ConvertibleType } from "./specials.ts";
import { convertTiktoken, tiktokenObstacle } from "./tiktoken.ts";
import type { TokenizerParts } from "./tokenizer.ts";

/**
 * Why a file can't be converted to GGUF without loss, in words for a log; null: it can. Pure. A description that wasn't
 * read from a file tells only its architecture.
 */
export function whyNotConvertible({
  architecture,
  unconvertible,
}: Pick<ModelDescription, "architecture" | "unconvertible">): string | null {
  if (unconvertible !== undefined) return unconvertible;
  return convertibleType(architecture) === null
    ? (REASONS[architecture] ?? `files of the architecture ${architecture} are not chatglm.cpp's`)
    : null;
}

const REASONS: Readonly<Record<string, string>> = {
  chatglm: "ChatGLM-6B reads its prompt in both directions, which llama.cpp can't",
  glm4v: "GLM-4V sees by a part that llama.cpp doesn't have",
};

const CONVERTIBLE: readonly ConvertibleType[] = [2, 3, 4];

const convertibleType = (architecture: string): ConvertibleType | null =>
  CONVERTIBLE.find((type) => MODEL_TYPES[type].architecture === architecture) ?? null;

/** The same of a file, asking its configuration and tokenizer, too. Throws what `readTokenizerBytes` throws. */
export async function conversionObstacle(file: ChatglmFile): Promise<string | null> {
  const conversion = await prepareConversion(file);
  return conversion.can ? null : conversion.why;
}

export type Conversion =
  | { readonly can: true; readonly type: ConvertibleType; readonly tokenizer: () => TokenizerParts }
  | { readonly can: false; readonly why: string };

/** What stands against converting a file, or its type and how to get its tokenizer. */
export async function prepareConversion(file: ChatglmFile): Promise<Conversion> {
  const { path, config } = file;
  const { architecture } = MODEL_TYPES[file.type];
  const type = convertibleType(architecture);
  if (type === null) return { can: false, why: whyNotConvertible({ architecture }) ?? "" };
  if (config.virtualTokens > 0) {
    return { can: false, why: `it was tuned by ${config.virtualTokens} virtual tokens, which GGUF has no place for` };
  }
  const bytes = await readTokenizerBytes(file);
  if (type === 4) {
    const tokens = readTiktoken(bytes, path);
    return conversion(type, tiktokenObstacle(tokens), () => convertTiktoken(tokens));
  }
  const model = readSentencePiece(bytes, path);
  return conversion(type, sentencePieceObstacle(model), () => convertSentencePiece(model));
}

const conversion = (type: ConvertibleType, obstacle: string | null, tokenizer: () => TokenizerParts): Conversion =>
  obstacle === null ? { can: true, type, tokenizer } : { can: false, why: `its tokenizer ${obstacle}` };
