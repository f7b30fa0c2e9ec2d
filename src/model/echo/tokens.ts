/** The tokens of made models: the marks of a chat, and the 256 bytes as byte-level BPE spells them. */
export const SPECIAL_TOKENS = ["<unk>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"] as const;

type SpecialToken = (typeof SPECIAL_TOKENS)[number];

/** GPT-2's spelling of bytes: printable ones stand for themselves, the others for characters from U+0100 on. */
export function byteSymbols(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte < 127) || (byte >= 161 && byte < 173) || (byte >= 174 && byte < 256);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

export const TOKENS: readonly string[] = [...SPECIAL_TOKENS, ...byteSymbols()];

export const tokenId = (token: SpecialToken): number => SPECIAL_TOKENS.indexOf(token);
