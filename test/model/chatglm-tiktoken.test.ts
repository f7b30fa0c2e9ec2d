import { describe, expect, it } from "vitest";
import { encodeTiktoken, readTiktoken } from "../../src/model/chatglm/tiktoken.ts";

const BYTES = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte));
const LINES = String(encodeTiktoken(BYTES));
const read = (text: string): Uint8Array[] => readTiktoken(Buffer.from(text), "/m/x.bin");

describe("a list of ranks", () => {
  it("is written and read", () => {
    const tokens = [...BYTES, Buffer.from(" the"), Buffer.from("你好")];
    const text = String(encodeTiktoken(tokens));
    expect(text).toMatch(/^AA== 0\nAQ== 1\n/);
    expect(text).toMatch(/IHRoZQ== 256\n5L2g5aW9 257\n$/);
    expect(read(text).map(Buffer.from)).toEqual(tokens);
  });

  it("may be in any order, with any line ends, and none at the end", () => {
    const lines = `${LINES}YWI= 256`.split("\n").reverse().join("\r\n");
    expect(Buffer.from(read(lines)[256]!).toString()).toBe("ab");
  });

  it.each<[string, string, RegExp]>([
    ["nothing", "", /of 0 tokens, in which ranks are missing/],
    ["no base64", `${LINES}!! 256\n`, /whose line at byte 2194 is no token/],
    ["no rank", `${LINES}YWI=\n`, /is no token with its rank/],
    ["a negative rank", `${LINES}YWI= -1\n`, /is no token with its rank/],
    ["an absurd rank", `${LINES}YWI= 999999999\n`, /rank 999999999 is too large/],
    ["a rank twice", `${LINES}YWI= 255\n`, /rank 255 is too large or there twice/],
    ["a rank left out", `${LINES}YWI= 257\n`, /of 257 tokens, in which ranks are missing/],
    ["a token twice", `${LINES}YQ== 256\n`, /a token is there twice/],
    ["a byte left out", LINES.replace("YQ== 97", "YWI= 97"), /a byte is missing/],
    ["bytes that are no text", `${LINES}\u0000\u0001`, /is no token/],
  ])("is broken that has %s", (_, text, message) => {
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).toThrow(/^\/m\/x\.bin has a broken tokenizer/);
  });
});
