import { MODEL_TYPES } from "../chatglm/layout.ts";
import type { ChatglmFile } from "../chatglm/read.ts";
import type { ChatglmTokenizer } from "../chatglm/read-tokenizer.ts";
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

/** The same of a file, asking its configuration and tokenizer, too. Pure. */
export function conversionObstacle(file: ChatglmFile, tokenizer: ChatglmTokenizer): string | null {
  const conversion = prepareConversion(file, tokenizer);
  return conversion.can ? null : conversion.why;
}

export type Conversion =
  | { readonly can: true; readonly type: ConvertibleType; readonly tokenizer: () => TokenizerParts }
  | { readonly can: false; readonly why: string };

/** What stands against converting a file, or its type and how to convert its tokenizer. Pure. */
export function prepareConversion({ type: fileType, config }: ChatglmFile, tokenizer: ChatglmTokenizer): Conversion {
  const { architecture } = MODEL_TYPES[fileType];
  const type = convertibleType(architecture);
  if (type === null) return { can: false, why: whyNotConvertible({ architecture }) ?? "" };
  if (config.virtualTokens > 0) {
    return { can: false, why: `it was tuned by ${config.virtualTokens} virtual tokens, which GGUF has no place for` };
  }
  if (tokenizer.kind === "tiktoken") {
    const { ranks } = tokenizer;
    return conversion(type, tiktokenObstacle(ranks), () => convertTiktoken(ranks));
  }
  const { model } = tokenizer;
  return conversion(type, sentencePieceObstacle(model), () => convertSentencePiece(model));
}

const conversion = (type: ConvertibleType, obstacle: string | null, tokenizer: () => TokenizerParts): Conversion =>
  obstacle === null ? { can: true, type, tokenizer } : { can: false, why: `its tokenizer ${obstacle}` };
