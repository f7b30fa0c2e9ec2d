import { byteSymbols } from "../echo/tokens.ts";
import { text, texts } from "../gguf/encode.ts";
import { isReachable, mergesOf } from "./merges.ts";
import { markFor } from "./specials.ts";
import { TOKEN_TYPES, type TokenizerParts } from "./tokenizer.ts";
import { isTakenForSpecial } from "./traps.ts";

const SYMBOLS = byteSymbols();

/** GPT-2's spelling of bytes. */
export const spelling = (token: Uint8Array): string => Array.from(token, (byte) => SYMBOLS[byte]).join("");

/**
 * The tokenizer of GLM-4 as llama.cpp's "gpt2". tiktoken looks a whole word up before it joins its bytes; where joining
 * leads to the same for every token, "chatglm-bpe" does as it, which only joins. Else "llama-bpe", which cuts text into
 * words alike and looks them up, too. Pure.
 */
export function convertTiktoken(tokens: readonly Uint8Array[]): TokenizerParts {
  const spelled = tokens.map(spelling);
  const ranks = new Map(spelled.map((token, rank) => [token, rank]));
  const isEachReachable = spelled.every((token) => isReachable(token, ranks));
  return {
    tokens: spelled.map((token) => ({ text: token, type: TOKEN_TYPES.normal, score: 0 })),
    metadata: [
      ["tokenizer.ggml.model", text("gpt2")],
      ["tokenizer.ggml.pre", text(isEachReachable ? "chatglm-bpe" : "llama-bpe")],
      ["tokenizer.ggml.merges", texts(mergesOf(spelled))],
    ],
    prefixed: false,
    mark: markOf(tokens) ?? "",
  };
}

/** What llama.cpp would do otherwise with these tokens, in words that go on after "its tokenizer "; null: nothing. Pure. */
export function tiktokenObstacle(tokens: readonly Uint8Array[]): string | null {
  if (markOf(tokens) === null) return "has tokens with all of Unicode's noncharacters";
  const taken = tokens.filter(beginsAsSpecial).map(spelling).find(isTakenForSpecial);
  return taken === undefined ? null : `has the token "${taken}", which llama.cpp takes for a special one`;
}

const markOf = (tokens: readonly Uint8Array[]): string | null =>
  markFor((mark) =>
    tokens.some(
      (token) => token.length >= 3 && Buffer.from(token.buffer, token.byteOffset, token.length).includes(mark),
    ),
  );

/** Most tokens don't, and need not be spelled. */
const beginsAsSpecial = ([first]: Uint8Array): boolean => first === 0x3c || first === 0x5b || first === 0x5f; // < [ _
