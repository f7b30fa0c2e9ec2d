import { broken } from "../broken.ts";
import {
  boolField,
  bytesField,
  type Field,
  floatField,
  intField,
  MalformedMessage,
  readFields,
  textField,
} from "./protobuf.ts";

/**
 * A SentencePiece model, as far as ChatGLM uses it: `ModelProto` of sentencepiece_model.proto. Defaults are that file's.
 * https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
 */
export interface SentencePieceModel {
  /** By token id. */
  readonly pieces: readonly Piece[];
  readonly trainer: Trainer;
  readonly normalizer: Normalizer;
}

export interface Piece {
  readonly piece: string;
  readonly score: number;
  readonly type: PieceType;
}

export const PIECE_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
export type PieceType = (typeof PIECE_TYPES)[keyof typeof PIECE_TYPES];

export const MODEL_KINDS = { unigram: 1, bpe: 2, word: 3, char: 4 } as const;
export type ModelKind = (typeof MODEL_KINDS)[keyof typeof MODEL_KINDS];

interface Trainer {
  readonly modelType: ModelKind;
  readonly vocabSize: number;
  readonly treatWhitespaceAsSuffix: boolean;
  readonly byteFallback: boolean;
  /** Token ids, -1 for none. */
  readonly unk: number;
  readonly bos: number;
  readonly eos: number;
  readonly pad: number;
}

interface Normalizer {
  readonly name: string;
  /** Bytes of rules that change text before it is cut; empty for none. */
  readonly charsMap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
}

const DEFAULT_TRAINER: Trainer = {
  modelType: MODEL_KINDS.unigram,
  vocabSize: 8000,
  treatWhitespaceAsSuffix: false,
  byteFallback: false,
  unk: 0,
  bos: 1,
  eos: 2,
  pad: -1,
};

const DEFAULT_NORMALIZER: Normalizer = {
  name: "",
  charsMap: new Uint8Array(),
  addDummyPrefix: true,
  removeExtraWhitespaces: true,
  escapeWhitespaces: true,
};

/** Far more than any model has (ChatGLM-6B: 130,344). */
const MOST_PIECES = 1_048_576;
/** Bytes of one. */
const LONGEST_PIECE = 65_536;

/**
 * Reads a SentencePiece model; `path` is the file that holds it, for messages. Takes memory of the order of the bytes
 * given. Fields that mean nothing here are left out. Throws CORRAL_MODEL_BROKEN.
 */
export function readSentencePiece(bytes: Uint8Array, path: string): SentencePieceModel {
  try {
    return readModel(bytes);
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    throw broken(path, `has a broken tokenizer, which ${error.message}`);
  }
}

function readModel(bytes: Uint8Array): SentencePieceModel {
  const pieces: Piece[] = [];
  let trainer = DEFAULT_TRAINER;
  let normalizer = DEFAULT_NORMALIZER;
  for (const field of readFields(bytes)) {
    if (field.kind !== "bytes") continue;
    if (field.number === 1) pieces.push(readPiece(field.value));
    if (field.number === 2) trainer = readTrainer(field.value, trainer);
    if (field.number === 3) normalizer = readNormalizer(field.value, normalizer);
    if (pieces.length > MOST_PIECES) throw new MalformedMessage(`has more than ${MOST_PIECES} pieces`);
  }
  if (pieces.length === 0) throw new MalformedMessage("has no pieces");
  return { pieces, trainer, normalizer };
}

function readPiece(message: Uint8Array): Piece {
  let piece = "";
  let score = 0;
  let type: PieceType = PIECE_TYPES.normal;
  for (const field of readFields(message)) {
    if (field.number === 1) piece = text(field);
    if (field.number === 2) score = float(field);
    if (field.number === 3) type = member(PIECE_TYPES, field);
  }
  if (piece === "" || piece.length > LONGEST_PIECE) throw new MalformedMessage("has a piece without text");
  return { piece, score, type };
}

function readTrainer(message: Uint8Array, before: Trainer): Trainer {
  const trainer: { -readonly [key in keyof Trainer]: Trainer[key] } = { ...before };
  for (const field of readFields(message)) {
    if (field.number === 3) trainer.modelType = member(MODEL_KINDS, field);
    if (field.number === 4) trainer.vocabSize = int(field);
    if (field.number === 24) trainer.treatWhitespaceAsSuffix = int(field) !== 0;
    if (field.number === 35) trainer.byteFallback = int(field) !== 0;
    if (field.number === 40) trainer.unk = int(field);
    if (field.number === 41) trainer.bos = int(field);
    if (field.number === 42) trainer.eos = int(field);
    if (field.number === 43) trainer.pad = int(field);
  }
  return trainer;
}

function readNormalizer(message: Uint8Array, before: Normalizer): Normalizer {
  const normalizer: { -readonly [key in keyof Normalizer]: Normalizer[key] } = { ...before };
  for (const field of readFields(message)) {
    if (field.number === 1) normalizer.name = text(field);
    if (field.number === 2) normalizer.charsMap = Uint8Array.from(content(field));
    if (field.number === 3) normalizer.addDummyPrefix = int(field) !== 0;
    if (field.number === 4) normalizer.removeExtraWhitespaces = int(field) !== 0;
    if (field.number === 5) normalizer.escapeWhitespaces = int(field) !== 0;
  }
  return normalizer;
}

/** The bytes of a model: the same for the same model. */
export function encodeSentencePiece({ pieces, trainer, normalizer }: SentencePieceModel): Uint8Array {
  return Buffer.concat([
    ...pieces.map(({ piece, score, type }) =>
      bytesField(1, Buffer.concat([textField(1, piece), floatField(2, score), intField(3, type)])),
    ),
    bytesField(2, encodeTrainer(trainer)),
    bytesField(3, encodeNormalizer(normalizer)),
  ]);
}

const encodeTrainer = (trainer: Trainer): Uint8Array =>
  Buffer.concat([
    intField(3, trainer.modelType),
    intField(4, trainer.vocabSize),
    boolField(24, trainer.treatWhitespaceAsSuffix),
    boolField(35, trainer.byteFallback),
    intField(40, trainer.unk),
    intField(41, trainer.bos),
    intField(42, trainer.eos),
    intField(43, trainer.pad),
  ]);

const encodeNormalizer = (normalizer: Normalizer): Uint8Array =>
  Buffer.concat([
    textField(1, normalizer.name),
    bytesField(2, normalizer.charsMap),
    boolField(3, normalizer.addDummyPrefix),
    boolField(4, normalizer.removeExtraWhitespaces),
    boolField(5, normalizer.escapeWhitespaces),
  ]);

const text = (field: Field): string => Buffer.from(content(field)).toString("utf8");

function content(field: Field): Uint8Array {
  if (field.kind !== "bytes") throw wrongKind(field);
  return field.value;
}

function float(field: Field): number {
  if (field.kind !== "fixed32") throw wrongKind(field);
  return field.value;
}

/** Of 32 bits with a sign, of which protobuf sends 64. */
function int(field: Field): number {
  if (field.kind !== "varint") throw wrongKind(field);
  return Number(BigInt.asIntN(32, field.value));
}

const wrongKind = ({ number }: Field): Error => new MalformedMessage(`has a field ${number} of the wrong kind`);

function member<T extends number>(names: Readonly<Record<string, T>>, field: Field): T {
  const found = Object.values(names).find((known) => known === int(field));
  if (found === undefined) throw new MalformedMessage(`has the unknown value ${int(field)} in a field ${field.number}`);
  return found;
}
