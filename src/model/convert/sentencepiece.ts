import { MODEL_KINDS, PIECE_TYPES, type Piece, type SentencePieceModel } from "../chatglm/sentencepiece.ts";
import { bool, type MadeValue, text, u32 } from "../gguf/encode.ts";
import { markFor } from "./specials.ts";
import { TOKEN_TYPES, type Token, type TokenizerParts } from "./tokenizer.ts";
import { isTakenForSpecial } from "./traps.ts";

/** The tokenizer of ChatGLM2 and 3 as llama.cpp's "llama", which is SentencePiece's byte-pair encoding. Pure. */
export function convertSentencePiece({ pieces, trainer, normalizer }: SentencePieceModel): TokenizerParts {
  const mark = markOf(pieces) ?? "";
  const metadata: [string, MadeValue][] = [
    ["tokenizer.ggml.model", text("llama")],
    ["tokenizer.ggml.pre", text("chatglm-spm")],
    ["tokenizer.ggml.add_space_prefix", bool(normalizer.addDummyPrefix)],
    ["tokenizer.ggml.remove_extra_whitespaces", bool(false)],
    ["tokenizer.ggml.unknown_token_id", u32(pieces.findIndex(({ type }) => type === PIECE_TYPES.unknown))],
  ];
  const bos: [string, MadeValue][] = trainer.bos >= 0 ? [["tokenizer.ggml.bos_token_id", u32(trainer.bos)]] : [];
  return {
    tokens: pieces.map((piece) => tokenOf(piece, mark)),
    metadata: [...metadata, ...bos],
    prefixed: normalizer.addDummyPrefix,
    mark,
  };
}

/** SentencePiece never finds a control piece's text in a text; llama.cpp would, but for the mark. */
function tokenOf({ piece, score, type }: Piece, mark: string): Token {
  if (type === PIECE_TYPES.control) return { text: mark + piece, type: TOKEN_TYPES.control, score };
  if (type === PIECE_TYPES.unknown) return { text: mark + piece, type: TOKEN_TYPES.unknown, score };
  return { text: piece, type: type === PIECE_TYPES.byte ? TOKEN_TYPES.byte : TOKEN_TYPES.normal, score };
}

/**
 * What llama.cpp's "llama" tokenizer would do otherwise than SentencePiece 0.2.0 with this model, in words that go on
 * after "its tokenizer "; null: nothing. Pure.
 */
export function sentencePieceObstacle({ pieces, trainer, normalizer }: SentencePieceModel): string | null {
  const texts = new Set(pieces.filter(isText).map(({ piece }) => piece));
  const taken = pieces.find((piece) => isText(piece) && isTakenForSpecial(piece.piece));
  const obstacles: readonly [boolean, string][] = [
    [trainer.modelType !== MODEL_KINDS.bpe, "is not of the kind that joins pairs (BPE)"],
    [!trainer.byteFallback, "has no bytes for what its pieces don't cover"],
    [normalizer.charsMap.length > 0, `changes text by rules of its own ("${normalizer.name}") before it cuts it`],
    [normalizer.removeExtraWhitespaces, "joins blanks"],
    [!normalizer.escapeWhitespaces || trainer.treatWhitespaceAsSuffix, "treats blanks in another way"],
    [pieces.some(({ type }) => type === PIECE_TYPES.userDefined), "has pieces that are matched before all others"],
    [pieces.some(({ type }) => type === PIECE_TYPES.unused), "has pieces that are not to be used"],
    [new Set(pieces.map(({ piece }) => piece)).size < pieces.length, "has a piece twice"],
    [markOf(pieces) === null, "has pieces with all of Unicode's noncharacters"],
    [pieces.some((piece) => isText(piece) && hasInnerLineBreak(piece.piece)), "has pieces that go over a line's end"],
    [pieces.some((piece) => isByte(piece) && isJoined(piece.piece, texts)), "can join letters to the name of a byte"],
    [taken !== undefined, `has the piece "${taken?.piece}", which llama.cpp takes for a special token`],
  ];
  return obstacles.find(([is]) => is)?.[1] ?? null;
}

const markOf = (pieces: readonly Piece[]): string | null =>
  markFor((mark) => pieces.some(({ piece }) => piece.includes(mark)));
const isText = ({ type }: Piece): boolean => type === PIECE_TYPES.normal;
const isByte = ({ type }: Piece): boolean => type === PIECE_TYPES.byte;
/** ChatGLM3 cuts a message's header and its content apart at a line's end. */
const hasInnerLineBreak = (piece: string): boolean => piece.length > 1 && piece.includes("\n");
const isJoined = (name: string, texts: ReadonlySet<string>): boolean =>
  Array.from({ length: name.length - 1 }, (_, index) => index + 1).some(
    (at) => reaches(name.slice(0, at), texts) && reaches(name.slice(at), texts),
  );
/** A single character needs no piece to be one of two neighbours. */
const reaches = (part: string, texts: ReadonlySet<string>): boolean => part.length === 1 || texts.has(part);
