import { broken } from "../broken.ts";

/** Far more than any model has (GLM-4: 151,329). */
const MOST_TOKENS = 1_048_576;
/** Base64 characters of one. */
const LONGEST_TOKEN = 65_536;

const LINE = /([A-Za-z0-9+/]+={0,2})[ \t]+(\d{1,9})\s*/y;

/**
 * Reads a tokenizer of type 4: lines of a token in base64 and its rank, as tiktoken has them. Tokens by rank, which is
 * their id; each rank comes once, and all bytes are tokens. `path` is the file that holds it, for messages.
 * Throws CORRAL_MODEL_BROKEN.
 */
export function readTiktoken(bytes: Uint8Array, path: string): Uint8Array[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const tokens: Uint8Array[] = [];
  const line = new RegExp(LINE);
  line.lastIndex = text.length - text.trimStart().length;
  let count = 0;
  while (line.lastIndex < text.length) {
    const start = line.lastIndex;
    const [, token = "", digits = ""] = line.exec(text) ?? [];
    const rank = Number(digits);
    if (token === "" || token.length > LONGEST_TOKEN) {
      throw broken(path, `has a broken tokenizer, whose line at byte ${start} is no token with its rank`);
    }
    if (rank >= MOST_TOKENS || tokens[rank] !== undefined) {
      throw broken(path, `has a broken tokenizer, whose rank ${rank} is too large or there twice`);
    }
    tokens[rank] = Buffer.from(token, "base64");
    count++;
  }
  requireWhole(tokens, count, path);
  return tokens;
}

function requireWhole(tokens: readonly Uint8Array[], count: number, path: string): void {
  if (count === 0 || count !== tokens.length) {
    throw broken(path, `has a broken tokenizer of ${count} tokens, in which ranks are missing`);
  }
  const distinct = new Set(tokens.map((token) => Buffer.from(token).toString("latin1")));
  if (distinct.size !== count) throw broken(path, "has a broken tokenizer, in which a token is there twice");
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  if (bytes.some((byte) => !distinct.has(byte))) {
    throw broken(path, "has a broken tokenizer, in which a byte is missing");
  }
}

/** The lines for tokens given by rank. */
export const encodeTiktoken = (tokens: readonly Uint8Array[]): Uint8Array =>
  Buffer.from(tokens.map((token, rank) => `${Buffer.from(token).toString("base64")} ${rank}\n`).join(""));
