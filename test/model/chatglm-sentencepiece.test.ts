import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CorralError } from "../../src/errors.ts";
import {
  encodeSentencePiece,
  readSentencePiece,
  type SentencePieceModel,
} from "../../src/model/chatglm/sentencepiece.ts";

/** A unigram model as the trainer of sentencepiece 0.2 wrote it: what equals the default is left out. */
const TRAINED = Buffer.from(
  "Cg4KBTx1bms+FQAAAAAYAgoMCgM8cz4VAAAAABgDCg0KBDwvcz4VAAAAABgDCgwKAzxuPhUAAAAAGAQKDAoF4paBYWIV612FvwoNCgbiloFhYmEVJXq9vwoK" +
    "CgPlpb0VxOHtvwoKCgPkvaAVCuXtvwoKCgPiloEVUejtvwoICgFiFZjr7b8KCAoBYRXf7u2/Eg8YASALVQAAgD/6AQM8bj4aDAoIaWRlbnRpdHkSAA==",
  "base64",
);

const SMALL: SentencePieceModel = {
  pieces: [
    { piece: "<unk>", score: 0, type: 2 },
    { piece: "▁好", score: -1.5, type: 1 },
    { piece: "<0x0A>", score: 0, type: 6 },
  ],
  trainer: {
    modelType: 2,
    vocabSize: 3,
    treatWhitespaceAsSuffix: false,
    byteFallback: true,
    unk: 0,
    bos: 1,
    eos: 2,
    pad: -1,
  },
  normalizer: {
    name: "identity",
    charsMap: Uint8Array.of(1, 2),
    addDummyPrefix: true,
    removeExtraWhitespaces: false,
    escapeWhitespaces: true,
  },
};

const hex = (...bytes: string[]): Buffer => Buffer.from(bytes.join("").replaceAll(" ", ""), "hex");
const PIECE = "0a 03 0a 01 61";

describe("a SentencePiece model", () => {
  it("is read as the real trainer wrote it", () => {
    const { pieces, trainer, normalizer } = readSentencePiece(TRAINED, "x");
    expect(pieces).toHaveLength(11);
    expect(pieces[0]).toEqual({ piece: "<unk>", score: 0, type: 2 });
    expect(pieces[3]).toEqual({ piece: "<n>", score: 0, type: 4 });
    expect(pieces[5]).toEqual({ piece: "▁aba", score: Math.fround(-1.4802900552749634), type: 1 });
    expect(trainer).toMatchObject({
      modelType: 1,
      vocabSize: 11,
      byteFallback: false,
      unk: 0,
      bos: 1,
      eos: 2,
      pad: -1,
    });
    expect(normalizer).toMatchObject({ name: "identity", addDummyPrefix: true, removeExtraWhitespaces: true });
    expect(normalizer.charsMap).toHaveLength(0);
  });

  it("is written and read", () => {
    expect(readSentencePiece(encodeSentencePiece(SMALL), "x")).toEqual(SMALL);
  });

  it("is written byte by byte", () => {
    const [first] = SMALL.pieces;
    const bytes = encodeSentencePiece({ ...SMALL, pieces: [first!] });
    const piece = hex("0a 0e 0a 05 3c 75 6e 6b 3e 15 00 00 00 00 18 02");
    expect(bytes.subarray(0, 16)).toEqual(piece);
    const trainer = hex(
      "18 02 20 03 c0 01 00 98 02 01 c0 02 00 c8 02 01 d0 02 02",
      "d8 02 ff ff ff ff ff ff ff ff ff 01",
    );
    expect(bytes.subarray(16, 18 + trainer.length)).toEqual(Buffer.concat([Buffer.of(0x12, trainer.length), trainer]));
  });

  it("may have fields that mean nothing here", () => {
    const unknown = hex("08 05", "11 0102030405060708", "fa 01 02 ffff", "3d 01020304");
    expect(readSentencePiece(Buffer.concat([unknown, hex(PIECE), unknown]), "x").pieces).toHaveLength(1);
  });

  it.each<[string, Buffer, RegExp]>([
    ["nothing", hex(""), /has no pieces/],
    ["half a tag", hex("8a"), /ends in the middle of a number/],
    ["a piece longer than all", hex("0a ff 01 0a"), /ends in the middle of a field/],
    ["a length of 2^63", hex("0a ff ff ff ff ff ff ff ff 7f"), /ends in the middle of a field/],
    ["an endless number", hex("08 ff ff ff ff ff ff ff ff ff ff ff 01"), /more than 64 bits/],
    ["field 0", hex("00 01"), /field without a number/],
    ["a group", hex("0b 0c"), /unknown kind 3/],
    ["half of a piece's score", hex("0a 03 15 00 00"), /ends in the middle of a field/],
    ["a piece without text", hex("0a 02 0a 00"), /piece without text/],
    ["a piece's text that is a number", hex("0a 02 08 01"), /field 1 of the wrong kind/],
    ["a score that is a text", hex("0a 06 0a 01 61 12 01 61"), /field 2 of the wrong kind/],
    ["a type that isn't one", hex("0a 05 0a 01 61 18 63"), /unknown value 99 in a field 3/],
    ["a kind of model that isn't one", hex(PIECE, "12 02 18 09"), /unknown value 9 in a field 3/],
  ])("is broken that has %s", (_, content, message) => {
    expect(() => readSentencePiece(content, "/m/x.bin")).toThrow(message);
    expect(() => readSentencePiece(content, "/m/x.bin")).toThrow(/^\/m\/x\.bin has a broken tokenizer, which /);
  });

  it("is read or refused whatever its bytes", () => {
    const whole = encodeSentencePiece(SMALL);
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(damage, fc.nat(whole.length), (changes, end) => {
        const content = Buffer.from(whole);
        for (const [place, byte] of changes) content[place] = byte;
        try {
          readSentencePiece(content.subarray(0, end), "x");
        } catch (error) {
          if (!(error instanceof CorralError)) throw error;
        }
      }),
      { numRuns: 5000 },
    );
  });
});
