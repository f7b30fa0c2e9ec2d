import type { Ask } from "./ask.ts";
import type { Board, Times } from "./board.ts";
import { NONE, type Policy } from "./policy.ts";

/** What is to happen to a request on an upstream. */
export interface Prediction extends Times {
  /** Tokens of its prompt that it finds there. */
  readonly hit: number;
}

/**
 * How many are looked at closely, the best first: what one holds is of no use while it lies in a busy slot, and then
 * another is better. Where none of them could use it, the others are taken to hold nothing: while many work on their first
 * prompt of a kind, all of them seem to hold it, and whom nobody has looked at would be chosen for what it can't give.
 */
const LOOKS = 4;
/** What a moment of the answer counts for, where one before its first token is 1: who reads already waits less. */
const READING = 0.25;

/**
 * The upstream with the least predicted time: the wait for a slot and for the prompts that are before it, its own prompt
 * less what the upstream holds of it, and, for a quarter, its answer at the pace of as many as are there. Of equals the
 * least busy, then the least recently used.
 *
 * Its prompt counts with what it does to those that will come meanwhile: it takes as long as if it had only the time that
 * prompts have left there of late. So beginnings that many chats share don't gather all of them on the few upstreams that
 * hold them, and no one leaves the upstream that knows it for an idle one without need.
 */
export const predictedTime: Policy = {
  name: "predicted-time",
  choose(board, ask, now, mayWait) {
    const { index, hits } = board;
    index.find(ask.prompt, hits);
    const looked: number[] = [];
    for (;;) {
      const best = soonest(board, ask, now, mayWait);
      if (best === NONE || hits[best] === 0 || looked.includes(best)) return best;
      const most = hits[best] as number;
      const hit = index.hit(best, ask.prompt, most);
      if (hit >= most) return best;
      hits[best] = hit;
      looked.push(best);
      if (looked.length === LOOKS) clearBut(hits, looked);
    }
  },
};

/** As `predictedTime` sees it for this upstream. */
export function predict(board: Board, row: number, ask: Ask, now: number): Prediction {
  const hit = board.trust * board.index.hit(row, ask.prompt);
  const start = board.isFree(row) ? 0 : until(board.freeAt[row] as number, now);
  const firstToken = until(board.beginAt[row] as number, now) + promptTime(board, row, ask, hit);
  const end = firstToken + answerTokens(board, ask) * (board.answerPace[row] as number);
  return { start, firstToken, end, hit };
}

/** Milliseconds for what is to be computed of its prompt. @param hit tokens that it finds there */
export function promptTime(board: Board, row: number, { prompt }: Ask, hit: number): number {
  return (prompt.tokens - hit) * (board.promptPace[row] as number);
}

/** This loop is what a decision costs: columns are read once, and what can't win is left early. */
function soonest(board: Board, ask: Ask, now: number, mayWait: boolean): number {
  const { rows, free, beginAt, promptPace, answerPace, hits, trust, recentWork } = board;
  const { tokens } = ask.prompt;
  const leastFree = mayWait ? 0 : 1;
  const workFactor = recentWork.factor(now);
  const answer = answerTokens(board, ask);
  let best = NONE;
  let least = Number.POSITIVE_INFINITY;
  for (let row = 0; row < rows; row += 1) {
    if ((free[row] as number) < leastFree) continue;
    const others = until(beginAt[row] as number, now) + READING * answer * (answerPace[row] as number);
    const prompt = (tokens - trust * (hits[row] as number)) * (promptPace[row] as number);
    if (others + prompt > least) continue;
    const time = others + prompt / (1 - recentWork.share(row, workFactor));
    if (time > least || (time === least && !isRather(board, row, best))) continue;
    best = row;
    least = time;
  }
  return best;
}

function clearBut(hits: Float64Array, rows: readonly number[]): void {
  const kept = rows.map((row) => hits[row] as number);
  hits.fill(0);
  rows.forEach((row, at) => {
    hits[row] = kept[at] as number;
  });
}

function isRather({ free, lastUsed }: Board, row: number, other: number): boolean {
  const difference = (free[row] as number) - (free[other] as number);
  return difference > 0 || (difference === 0 && (lastUsed[row] as number) < (lastUsed[other] as number));
}

/** What is overdue by some time is taken to need as much again. */
function until(at: number, now: number): number {
  return at === 0 ? 0 : Math.abs(at - now);
}

function answerTokens({ answerTokens: usual }: Board, { answerTokens: most }: Ask): number {
  return most === null ? usual : Math.min(most, usual);
}
