import { ADDED_TOKENS } from "./read-tokenizer.ts";
import {
  encodeSentencePiece,
  MODEL_KINDS,
  type ModelKind,
  PIECE_TYPES,
  type Piece,
  type PieceType,
} from "./sentencepiece.ts";
import { encodeTiktoken } from "./tiktoken.ts";
import { type Growth, grow } from "./vocabulary/grow.ts";
import { Merges } from "./vocabulary/merges.ts";
import { CHARACTERS, wordsOf } from "./vocabulary/words.ts";

/** About a thousand pieces, or as many as the real models have. */
export const TOKENIZER_SIZES = { tiny: true, full: true } as const;
export type TokenizerSize = keyof typeof TOKENIZER_SIZES;

export interface MadeTokenizer {
  readonly bytes: Uint8Array;
  /** Rows of the embedding that go with it: beyond its tokens there is filling that no text becomes. */
  readonly vocabulary: number;
  readonly eos: number;
  readonly pad: number;
  /** Token ids of a to z. */
  readonly letters: readonly number[];
  /** The last letter (0 is a) of each token that is letters from a to z, with a space before them or not. */
  readonly endings: ReadonlyMap<number, number>;
}

/** The same bytes every time. Full ones take seconds. */
export function makeTokenizer(type: MadeType, size: TokenizerSize): MadeTokenizer {
  if (type === 4) return tiktoken(size);
  return type === 1 ? firstGeneration(size) : secondGeneration(type, size);
}

/** Types that can be made. */
export const MADE_TYPES = { 1: true, 2: true, 3: true, 4: true } as const;
export type MadeType = keyof typeof MADE_TYPES;

/** As in the `config.json` of the releases: pieces, and rows of the embedding. */
const REAL = {
  1: { pieces: 130_344, vocabulary: 130_528 },
  2: { pieces: 64_789, vocabulary: 65_024 },
  3: { pieces: 64_789, vocabulary: 65_024 },
  4: { pieces: 151_329, vocabulary: 151_552 },
} as const;

const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"];
/** SentencePiece's mark for a space. */
const MARK = "▁";

/** Byte-pair encoding with bytes for what no piece has, like ChatGLM2's and ChatGLM3's own. */
function secondGeneration(type: 2 | 3, size: TokenizerSize): MadeTokenizer {
  const fixed = [...unknownAndEnds(), ...bytePieces()];
  const normal = normalPieces(size === "full" ? REAL[type].pieces - fixed.length : null);
  const pieces = [...fixed, ...normal.map((piece, rank) => newPiece(piece, PIECE_TYPES.normal, -rank))];
  return sentencePiece(pieces, MODEL_KINDS.bpe, {
    eos: 2,
    pad: 0,
    vocabulary: size === "full" ? REAL[type].vocabulary : filled(pieces.length + ADDED_TOKENS[type]),
  });
}

/**
 * A unigram model with pieces for what ChatGLM-6B puts in the place of line breaks, tabs and runs of spaces. What kind
 * the real one is, and the places of its pieces, are not followed: nothing asks for them but by name.
 */
function firstGeneration(size: TokenizerSize): MadeTokenizer {
  const blanks = Array.from({ length: 79 }, (_, index) => `<|blank_${index + 2}|>`);
  const fixed = [
    ...unknownAndEnds(),
    newPiece("<pad>", PIECE_TYPES.control),
    ...["<n>", "<|tab|>", ...blanks].map((piece) => newPiece(piece, PIECE_TYPES.userDefined)),
    ...bytePieces(),
  ];
  const specials = ["[MASK]", "[gMASK]", "[sMASK]", "<unused_0>", "<sop>", "<eop>"].map((piece) =>
    newPiece(piece, PIECE_TYPES.control),
  );
  const normal = normalPieces(size === "full" ? REAL[1].pieces - fixed.length - specials.length : null);
  // Logarithms of probabilities: of two ways to cut a word, the one with fewer pieces is nearly always likelier.
  const scored = normal.map((piece, rank) => newPiece(piece, PIECE_TYPES.normal, -8 - (4 * rank) / normal.length));
  const pieces = [...fixed, ...scored, ...specials];
  return sentencePiece(pieces, MODEL_KINDS.unigram, {
    eos: pieces.length - 1,
    pad: 3,
    vocabulary: size === "full" ? REAL[1].vocabulary : filled(pieces.length),
  });
}

const newPiece = (piece: string, type: PieceType, score = 0): Piece => ({ piece, score, type });

const unknownAndEnds = (): Piece[] => [
  newPiece("<unk>", PIECE_TYPES.unknown),
  newPiece("<s>", PIECE_TYPES.control),
  newPiece("</s>", PIECE_TYPES.control),
];

const bytePieces = (): Piece[] =>
  Array.from({ length: 256 }, (_, byte) =>
    newPiece(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`, PIECE_TYPES.byte),
  );

/** Merged pieces in the order of their merging, then single characters; as many as wanted, null for just the words'. */
function normalPieces(count: number | null): string[] {
  const ascii = [MARK, ...Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index))];
  const characters = count === null ? CHARACTERS : [...new Set([...CHARACTERS, ...moreCharacters(12_000)])];
  const singles = [...ascii, ...characters];
  const merges = new Merges();
  for (const word of wordsOf(MARK)) merges.takeWord(word);
  if (count !== null) {
    const growth: Growth = { letters: [MARK, ...LETTERS], characters: moreCharacters(3000) };
    grow(merges, count - singles.length, growth);
  }
  return [...merges.pieces(), ...singles];
}

/** Chinese ones, as Unicode has them. */
const moreCharacters = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => String.fromCodePoint(0x4e00 + index));

interface Numbers {
  readonly eos: number;
  readonly pad: number;
  readonly vocabulary: number;
}

function sentencePiece(pieces: readonly Piece[], modelType: ModelKind, numbers: Numbers): MadeTokenizer {
  const bytes = encodeSentencePiece({
    pieces,
    trainer: {
      modelType,
      vocabSize: pieces.length,
      treatWhitespaceAsSuffix: false,
      byteFallback: true,
      unk: 0,
      bos: 1,
      eos: 2,
      pad: -1,
    },
    normalizer: {
      name: "identity",
      charsMap: new Uint8Array(),
      addDummyPrefix: true,
      removeExtraWhitespaces: false,
      escapeWhitespaces: true,
    },
  });
  const texts = pieces.map(({ piece }) => piece.replace(MARK, " "));
  return { bytes, letters: LETTERS.map((letter) => texts.indexOf(letter)), endings: endingsOf(texts), ...numbers };
}

/** Byte-pair encoding of bytes, like GLM-4's own: texts here have a character for each byte. */
function tiktoken(size: TokenizerSize): MadeTokenizer {
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const merges = new Merges();
  for (const word of wordsOf(" ")) merges.takeWord(asBytes(word));
  if (size === "full") {
    const characters = moreCharacters(15_000).map(asBytes);
    for (const character of characters) merges.takeWord(character);
    grow(merges, REAL[4].pieces - bytes.length, { letters: [" ", ...LETTERS], characters });
  }
  const tokens = [...bytes, ...merges.pieces()];
  return {
    bytes: encodeTiktoken(tokens.map((token) => Buffer.from(token, "latin1"))),
    eos: tokens.length,
    pad: tokens.length,
    vocabulary: size === "full" ? REAL[4].vocabulary : filled(tokens.length + ADDED_TOKENS[4]),
    letters: LETTERS.map((letter) => letter.charCodeAt(0)),
    endings: endingsOf(tokens),
  };
}

function endingsOf(tokens: readonly string[]): Map<number, number> {
  const endings = tokens.map((text, id): [number, number] => [
    id,
    /^ ?[a-z]+$/.test(text) ? LETTERS.indexOf(text.at(-1) ?? "") : -1,
  ]);
  return new Map(endings.filter(([, letter]) => letter !== -1));
}

const asBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

/** At least 128 more, so that drawing from the filling is likely, and a round number. */
const filled = (tokens: number): number => Math.ceil((tokens + 128) / 256) * 256;
