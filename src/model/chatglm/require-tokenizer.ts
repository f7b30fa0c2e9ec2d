import { broken } from "../broken.ts";
import { type ChatglmFile, readTokenizerBytes } from "./read.ts";
import { readSentencePiece } from "./sentencepiece.ts";
import { readTiktoken } from "./tiktoken.ts";

/** Tokens that the engine adds behind the tokenizer's own: [MASK] and its like, and the marks of a chat. */
export const ADDED_TOKENS = { 1: 0, 2: 5, 3: 9, 4: 14, 1004: 14 } as const;

/**
 * Checks that a file's tokenizer can be read, and that each of its tokens has a row in the embedding: the engine would
 * read beyond it. Returns how many tokens there are, added ones included. Throws CORRAL_MODEL_BROKEN or
 * CORRAL_MODEL_MISSING.
 */
export async function requireTokenizer(file: ChatglmFile): Promise<number> {
  const { path, type, config } = file;
  const bytes = await readTokenizerBytes(file);
  const own = type >= 4 ? readTiktoken(bytes, path).length : readSentencePiece(bytes, path).pieces.length;
  const tokens = own + ADDED_TOKENS[type];
  if (tokens <= config.vocabulary) return tokens;
  throw broken(path, `has a tokenizer of ${tokens} tokens, and rows for ${config.vocabulary}`);
}
