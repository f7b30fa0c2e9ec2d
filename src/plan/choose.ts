import type { Candidate } from "./candidates.ts";
import { type Figures, type Goal, type Load, scoreOf } from "./goal.ts";
import type { MemoryLedger } from "./plan.ts";

/** A candidate and what is to be expected of it. */
export interface Rated extends Candidate {
  readonly figures: Figures;
  /** More is better; only ratios mean something. */
  readonly score: number;
  /** Bytes that it takes at most, nothing given up. */
  readonly peak: number;
  readonly fits: boolean;
}

/** What was chosen, and all that was looked at, best first. */
export interface Choice {
  readonly chosen: Rated;
  /** What would have been chosen with memory for everything. */
  readonly unlimited: Rated;
  readonly rated: readonly Rated[];
}

/** Predictions this close are a tie: the model is wrong by more than that. */
export const TIE = 0.05;

/**
 * A worker alone must promise so much more than several. Its death stops the service, and the prediction is for a quiet
 * machine: there one worker of two threads gave up to 1.4 times as much as two of one thread; beside a busy neighbour
 * it gave 0.3 to 0.6 times as much (0.5B Q4_0 on two cores), since all of its threads wait for the one that is held up.
 * Whoever wants one answer soon wants all threads on it.
 */
export const ALONE_MUST_WIN_BY: Readonly<Record<Goal, number>> = { latency: 1, balanced: 1.4, throughput: 1.4 };

export interface Yardstick {
  readonly goal: Goal;
  readonly load: Load;
  predict(candidate: Candidate, load: Load): Figures;
  /** With nothing given up for memory. */
  ledgerOf(candidate: Candidate): MemoryLedger;
}

/**
 * The best for the goal among those that memory is there for: fewer workers with more slots, for as many requests at
 * once. If there is none, the best of all: something else must be given up. @param candidates at least one
 */
export function choose(candidates: readonly Candidate[], yardstick: Yardstick): Choice {
  const rated = candidates.map((candidate) => rate(candidate, yardstick)).sort((a, b) => b.score - a.score);
  const unlimited = bestOf(rated, yardstick);
  const enough = Math.min(yardstick.load.concurrency, roomOf(unlimited));
  const fitting = rated.filter((one) => one.fits && roomOf(one) >= enough);
  return { chosen: fitting.length > 0 ? bestOf(fitting, yardstick) : unlimited, unlimited, rated };
}

function rate(candidate: Candidate, { goal, load, predict, ledgerOf }: Yardstick): Rated {
  const figures = predict(candidate, load);
  const score = scoreOf(goal, figures, load);
  const { peak, budget } = ledgerOf(candidate);
  return { ...candidate, figures, score: Number.isFinite(score) ? score : 0, peak, fits: peak <= budget };
}

/**
 * Of those that tie: not a worker alone; room for the requests; the fewest workers, for each has a copy of much.
 */
function bestOf(rated: readonly Rated[], { goal, load }: Yardstick): Rated {
  const weight = ({ workers, score }: Rated) => (workers === 1 ? score / ALONE_MUST_WIN_BY[goal] : score);
  const waiting = (one: Rated) => Math.max(0, load.concurrency - roomOf(one));
  const best = Math.max(...rated.map(weight));
  const [chosen] = rated
    .filter((one) => weight(one) >= best * (1 - TIE))
    .sort((a, b) => standIns(b) - standIns(a) || waiting(a) - waiting(b) || a.workers - b.workers);
  if (chosen === undefined) throw new TypeError("there is nothing to choose from");
  return chosen;
}

/** Requests at once. */
function roomOf({ workers, slots }: Candidate): number {
  return workers * slots;
}

/** Whether another worker serves while one is dead. */
function standIns({ workers }: Rated): 0 | 1 {
  return workers > 1 ? 1 : 0;
}
