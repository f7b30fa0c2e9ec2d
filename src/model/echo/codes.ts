import { TOKENS, tokenId } from "./tokens.ts";

/** Signs in a token's code. */
export const CODE_LENGTH = 20;
/** Any two codes differ in at least this many signs. */
const DISTANCE = 6;

/** A token's code: `CODE_LENGTH` numbers, each 1 or -1. */
export type Code = readonly number[];

/**
 * One code a token: the first words, counted up from 0, that keep their distance from all before them. `<|assistant|>`
 * has the code of `<|user|>`, so that the beginning of an answer looks like the beginning of the message.
 */
export const CODES: readonly Code[] = (() => {
  const words: number[] = [];
  for (let word = 0; words.length < TOKENS.length; word++) {
    if (words.every((other) => differingBits(word, other) >= DISTANCE)) words.push(word);
  }
  words[tokenId("<|assistant|>")] = words[tokenId("<|user|>")] ?? 0;
  return words.map((word) => Array.from({ length: CODE_LENGTH }, (_, bit) => ((word >> bit) & 1 ? 1 : -1)));
})();

export const codeOf = (token: Parameters<typeof tokenId>[0]): Code => CODES[tokenId(token)] ?? [];

function differingBits(one: number, other: number): number {
  let count = 0;
  for (let bits = one ^ other; bits !== 0; bits &= bits - 1) count++;
  return count;
}
