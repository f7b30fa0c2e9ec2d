import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { PIECE_TYPES, readSentencePiece } from "../../src/model/chatglm/sentencepiece.ts";
import { readTiktoken } from "../../src/model/chatglm/tiktoken.ts";
import { makeTokenizer } from "../../src/model/chatglm/tokenizer.ts";
import { Merges } from "../../src/model/chatglm/vocabulary/merges.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("merges", () => {
  it("takes what the pieces before it cut into two", () => {
    const merges = new Merges();
    expect(merges.take("abc")).toBe(false);
    expect(merges.take("ab")).toBe(true);
    expect(merges.take("ab")).toBe(false);
    expect(merges.take("bc")).toBe(true);
    expect(merges.cut("abc")).toEqual(["ab", "c"]);
    expect(merges.take("abc")).toBe(true);
    expect(merges.cut("xabcbc")).toEqual(["x", "abc", "bc"]);
    expect(merges.pieces()).toEqual(["ab", "bc", "abc"]);
  });

  it("takes the pieces that make a word one", () => {
    const merges = new Merges();
    merges.takeWord("你好a");
    expect(merges.pieces()).toEqual(["你好", "你好a"]);
  });
});

/** Pieces that no text becomes, by byte-pair encoding with these ranks. */
function unreachable(pieces: readonly string[]): string[] {
  const merges = new Merges();
  return pieces.filter((piece) => !merges.take(piece));
}

describe("a made tokenizer", () => {
  it.each([
    [1, "tiny", 1217, 1536],
    [2, "tiny", 1129, 1280],
    [3, "tiny", 1129, 1280],
    [1, "full", 130_344, 130_528],
    [3, "full", 64_789, 65_024],
  ] as const)("of type %i, %s, has %i pieces and %i rows", (type, size, count, rows) => {
    const { bytes, vocabulary, eos, letters } = makeTokenizer(type, size);
    const { pieces, trainer } = readSentencePiece(bytes, "x");
    expect(pieces).toHaveLength(count);
    expect(vocabulary).toBe(rows);
    expect(new Set(pieces.map(({ piece }) => piece)).size).toBe(count);
    expect(pieces.filter((piece) => piece.type === PIECE_TYPES.byte)).toHaveLength(256);
    expect(trainer).toMatchObject({ modelType: type === 1 ? 1 : 2, vocabSize: count, byteFallback: true });
    expect(pieces[eos]).toMatchObject({ piece: type === 1 ? "<eop>" : "</s>", type: PIECE_TYPES.control });
    expect(letters.map((id) => pieces[id]?.piece).join("")).toBe("abcdefghijklmnopqrstuvwxyz");
  });

  it("of type 2, full, has no piece that can't be reached by merges, each less likely than the one before", () => {
    const { pieces } = readSentencePiece(makeTokenizer(2, "full").bytes, "x");
    const normal = pieces.filter(({ type }) => type === PIECE_TYPES.normal);
    expect(unreachable(normal.map(({ piece }) => piece).filter((piece) => [...piece].length > 1))).toEqual([]);
    expect(normal.every(({ score }, rank) => Math.abs(score) === rank)).toBe(true);
  });

  it.each([
    ["tiny", 1087, 1280],
    ["full", 151_329, 151_552],
  ] as const)("of type 4, %s, has %i ranks and %i rows", (size, count, rows) => {
    const { bytes, vocabulary, eos, letters } = makeTokenizer(4, size);
    const tokens = readTiktoken(bytes, "x");
    expect(tokens).toHaveLength(count);
    expect(vocabulary).toBe(rows);
    expect(eos).toBe(count);
    expect(letters.map((id) => Buffer.from(tokens[id]!).toString()).join("")).toBe("abcdefghijklmnopqrstuvwxyz");
    expect(unreachable(tokens.slice(256).map((token) => Buffer.from(token).toString("latin1")))).toEqual([]);
  });

  it("is the same every time", () => {
    const hashes = ([1, 2, 4] as const).map((type) => sha256(makeTokenizer(type, "tiny").bytes).slice(0, 16));
    expect(hashes).toEqual(["d1ae3acbcee8dd1f", "707188a711dda9e4", "9c0b61390a52032b"]);
  });
});
