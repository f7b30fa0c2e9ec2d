import { Matrix } from "../matrix.ts";
import { CODE_LENGTH, type Code, codeOf } from "./codes.ts";

/**
 * The residual stream holds blocks of `CODE_LENGTH` numbers: the code of this token, of the tokens 1 to `BACK` back, and
 * of the next token; then, at its end, flags. The layers fill one group of blocks after the other.
 */

/** How many tokens back a place is recognised by. */
const BACK = 16;
/** The block of the next token. */
export const NEXT = BACK + 1;

export const HEADS = 4;
/** Rotary pairs that know positions; pair f turns 10^(-GROWTH f) radians a token. */
const POSITIONS = 20;
const GROWTH = 0.3125;
/** One more rotary pair, slow: it falls with distance, from an eighth to three eighths of a turn over `REACH` tokens. */
const SLOPE = POSITIONS;
export const REACH = 4096;

/** Rows are whole blocks of 32 weights, so that they can be quantised. */
const blocks = (length: number): number => Math.ceil(length / 32) * 32;

/** Rotary pairs, then codes. */
export const HEAD_SIZE = blocks(2 * (POSITIONS + 1) + BACK * CODE_LENGTH);
export const EMBEDDING = blocks((NEXT + 1) * CODE_LENGTH + 1 + BACK);
export const FEED_FORWARD = 2 * BACK * CODE_LENGTH;
export const ROTARY_BASE = 10_000;

/** Always 1. */
export const ONE = EMBEDDING - 1;
/** MARK + j: the token j back is `<|user|>` or `<|assistant|>`. */
const MARK = ONE - BACK;
/** The size of a mark: it must not change the norm of its token. */
const FAINT = 0.05;
/** Undoes the engine's 1 / sqrt(head size). */
const FLAT = Math.sqrt(HEAD_SIZE);

const TURNS = [...Array.from({ length: POSITIONS }, (_, pair) => 10 ** (-GROWTH * pair)), (Math.PI * (3 / 4)) / REACH];

/** What the engine divides its own rotary angles by. Pairs after the slope don't turn. */
export const ROTARY_FACTORS: readonly number[] = Array.from({ length: HEAD_SIZE / 2 }, (_, pair) => {
  const turn = TURNS[pair];
  return turn === undefined ? 1e15 : ROTARY_BASE ** ((-2 * pair) / HEAD_SIZE) / turn;
});

/** Scores of attention after the engine's 1 / sqrt(head size), by what earns them. */
export interface Scores {
  readonly sharp: number;
  readonly latest: number;
  readonly alike: number;
  readonly fall: number;
}

export const scoresOf = (loud: number): Scores => ({
  sharp: loud * 40,
  latest: loud * 34,
  alike: loud * 2.3,
  fall: loud * 400,
});

/** The largest sum before the 1 / sqrt(head size). Below 2^15 it is safe in half precision. */
export const largestSum = ({ sharp, latest, alike, fall }: Scores): number =>
  FLAT * Math.max(sharp * POSITIONS, (latest + alike * (BACK - 1)) * CODE_LENGTH + fall * Math.sqrt(0.5));

export interface Layer {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly o: Matrix;
  readonly gate: Matrix;
  readonly up: Matrix;
  readonly down: Matrix;
}

export const echoLayers = (scores: Scores): readonly Layer[] => [
  lookBack([1, 2, 3], { span: 1, filled: 1, scores }),
  noteMarks(lookBack([4, 8, 12, 16], { span: 4, filled: 4, scores }), NEXT),
  forgetBeforeMessage(NEXT),
  findAndCopy(NEXT, scores),
];

const emptyLayer = (): Layer => ({
  q: new Matrix(HEADS * HEAD_SIZE, EMBEDDING),
  k: new Matrix(HEAD_SIZE, EMBEDDING),
  v: new Matrix(HEAD_SIZE, EMBEDDING),
  o: new Matrix(EMBEDDING, HEADS * HEAD_SIZE),
  gate: new Matrix(FEED_FORWARD, EMBEDDING),
  up: new Matrix(FEED_FORWARD, EMBEDDING),
  down: new Matrix(EMBEDDING, FEED_FORWARD),
});

/** What RMS norm multiplies by where `filled` code blocks and the constant are filled. */
const norm = (filled: number): number => Math.sqrt(EMBEDDING / (filled * CODE_LENGTH + 1));

/** Head h copies the code blocks 0 to span - 1 of the token offsets[h] back, to the blocks from offsets[h] on. */
function lookBack(
  offsets: readonly number[],
  { span, filled, scores }: { span: number; filled: number; scores: Scores },
): Layer {
  const layer = emptyLayer();
  const scale = norm(filled);
  const positions = TURNS.slice(0, POSITIONS);
  for (const pair of positions.keys()) layer.k.set(2 * pair, ONE, 1 / scale);
  for (let sign = 0; sign < span * CODE_LENGTH; sign++) layer.v.set(sign, sign, 1);
  for (const [head, offset] of offsets.entries()) {
    const start = head * HEAD_SIZE;
    const strength = (scores.sharp * FLAT) / scale;
    for (const [pair, turn] of positions.entries()) {
      layer.q.set(start + 2 * pair, ONE, strength * Math.cos(-offset * turn));
      layer.q.set(start + 2 * pair + 1, ONE, strength * Math.sin(-offset * turn));
    }
    for (let sign = 0; sign < Math.min(span, NEXT - offset) * CODE_LENGTH; sign++) {
      layer.o.set(offset * CODE_LENGTH + sign, start + sign, 1 / scale);
    }
  }
  return layer;
}

/** Adds a feed-forward: MARK + j becomes `FAINT` where the token j back begins a message. */
function noteMarks(layer: Layer, filled: number): Layer {
  const scale = norm(filled);
  for (let back = 0; back < BACK; back++) {
    // 2 * (agreeing minus differing signs - 14): 12 where the code is the mark's, below 0 elsewhere; and silu(12) is 12.
    for (const [sign, value] of codeOf("<|user|>").entries()) {
      layer.gate.set(back, back * CODE_LENGTH + sign, (2 * value) / scale);
    }
    layer.gate.set(back, ONE, -28 / scale);
    layer.up.set(back, ONE, 1 / 12 / scale);
    layer.down.set(MARK + back, back, FAINT);
  }
  return layer;
}

/** A layer without attention: what lies before the message's mark becomes blank in the blocks 1 to `BACK`. */
function forgetBeforeMessage(filled: number): Layer {
  const layer = emptyLayer();
  const scale = norm(filled);
  const steep = 24;
  const blank: Code = codeOf("<unk>");
  for (let block = 1; block <= BACK; block++) {
    for (const [sign, blankSign] of blank.entries()) {
      const column = block * CODE_LENGTH + sign;
      // silu(24 (x - 1/4)) - silu(24 (x - 3/4)) = 12 for x >= 1
      for (const [half, threshold] of [0.25, 0.75].entries()) {
        const unit = ((block - 1) * CODE_LENGTH + sign) * 2 + half;
        for (let mark = 0; mark < block; mark++) layer.gate.set(unit, MARK + mark, steep / FAINT / scale);
        layer.gate.set(unit, ONE, (-steep * threshold) / scale);
        layer.up.set(unit, ONE, blankSign / scale);
        layer.up.set(unit, column, -1 / scale);
        layer.down.set(column, unit, (1 - 2 * half) / 12);
      }
    }
  }
  return layer;
}

/** Attends to the place whose past equals ours, the latest if there are several, and takes its token. */
function findAndCopy(filled: number, { latest, alike, fall }: Scores): Layer {
  const layer = emptyLayer();
  const scale = norm(filled);
  const first = 2 * (POSITIONS + 1);
  for (let block = 0; block < BACK; block++) {
    for (let sign = 0; sign < CODE_LENGTH; sign++) {
      const row = first + block * CODE_LENGTH + sign;
      layer.q.set(row, block * CODE_LENGTH + sign, ((block === 0 ? latest : alike) * FLAT) / scale);
      layer.k.set(row, (block + 1) * CODE_LENGTH + sign, 1 / scale);
    }
  }
  // The score is -sin(turn * distance - an eighth of a turn).
  const slope = (fall * Math.sqrt(0.5) * FLAT) / scale;
  layer.k.set(2 * SLOPE, ONE, 1 / scale);
  layer.q.set(2 * SLOPE, ONE, slope);
  layer.q.set(2 * SLOPE + 1, ONE, slope);
  for (let sign = 0; sign < CODE_LENGTH; sign++) {
    layer.v.set(sign, sign, 1);
    layer.o.set(NEXT * CODE_LENGTH + sign, sign, 4 / scale);
  }
  return layer;
}
