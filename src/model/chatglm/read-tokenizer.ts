import { broken } from "../broken.ts";
import { type ChatglmFile, readTokenizerBytes } from "./read.ts";
import { readSentencePiece, type SentencePieceModel } from "./sentencepiece.ts";
import { readTiktoken } from "./tiktoken.ts";

/** Tokens that the engine adds behind the tokenizer's own: [MASK] and its like, and the marks of a chat. */
export const ADDED_TOKENS = { 1: 0, 2: 5, 3: 9, 4: 14, 1004: 14 } as const;

/** A file's tokenizer. */
export type ChatglmTokenizer =
  | { readonly kind: "sentencepiece"; readonly model: SentencePieceModel; readonly tokens: number }
  | { readonly kind: "tiktoken"; readonly ranks: ReturnType<typeof readTiktoken>; readonly tokens: number };

/**
 * Reads a file's tokenizer, `tokens` being how many there are, added ones included. Each of them has a row in the
 * embedding: the engine would read beyond it. Throws CORRAL_MODEL_BROKEN or CORRAL_MODEL_MISSING.
 */
export async function readTokenizer(file: ChatglmFile): Promise<ChatglmTokenizer> {
  const tokenizer = parse(file, await readTokenizerBytes(file));
  const { tokens } = tokenizer;
  if (tokens <= file.config.vocabulary) return tokenizer;
  throw broken(file.path, `has a tokenizer of ${tokens} tokens, and rows for ${file.config.vocabulary}`);
}

function parse({ path, type }: ChatglmFile, bytes: Uint8Array): ChatglmTokenizer {
  if (type >= 4) {
    const ranks = readTiktoken(bytes, path);
    return { kind: "tiktoken", ranks, tokens: ranks.length + ADDED_TOKENS[type] };
  }
  const model = readSentencePiece(bytes, path);
  return { kind: "sentencepiece", model, tokens: model.pieces.length + ADDED_TOKENS[type] };
}
