import { type Measure, race } from "./race.ts";

/** One question about the best candidate so far. Values that go from less to more are climbed; others are compared. */
export interface Stage<C> {
  /** "workers", "batch": for people. */
  readonly about: string;
  /** All answers, as the best so far would be with each; its own among them. Less to more where `isOrdered`. */
  answers(best: C): readonly C[];
  readonly isOrdered: boolean;
  /** A ratio: what another answer must win to be taken. Default 1.02. */
  readonly leastGain?: number | undefined;
}

export interface SearchOptions<C> {
  readonly start: C;
  /** In the order in which they are asked: those that decide most first, for the budget may end before the last. */
  readonly stages: readonly Stage<C>[];
  readonly keyOf: (candidate: C) => string;
  readonly measure: Measure<C>;
  /** Asked between two measurements. Default: never. */
  readonly isOver?: (() => boolean) | undefined;
  /** Told when a stage begins and what was best then. */
  readonly onStage?: ((about: string, best: C) => void) | undefined;
  /** Times that a candidate is measured in one race at most. Default 3. */
  readonly rounds?: number | undefined;
}

export interface Found<C> {
  readonly best: C;
  /** False where the budget ended before the last question was answered. */
  readonly isComplete: boolean;
}

const ROUNDS = 3;
const LEAST_GAIN = 1.02;
/** The questions hang together, so they are asked again when answers have changed; more passes rarely change more. */
const PASSES = 2;

/**
 * Coordinate descent: one question after another, keeping the best. Nothing is measured for a question whose answers are
 * all known to lose against the very same champion. Pure but for `measure`: with the same measurements it finds the same.
 */
export async function search<C>(options: SearchOptions<C>): Promise<Found<C>> {
  const { start, stages, keyOf, isOver = () => false, onStage = () => {} } = options;
  const beaten = new Beaten<C>(keyOf);
  let best = start;
  for (let pass = 0; pass < PASSES; pass += 1) {
    const before = best;
    for (const stage of stages) {
      if (isOver()) return { best, isComplete: false };
      onStage(stage.about, best);
      best = await ask(stage, best, beaten, options);
    }
    if (isOver()) return { best, isComplete: false };
    if (keyOf(best) === keyOf(before)) break;
  }
  return { best, isComplete: true };
}

async function ask<C>(stage: Stage<C>, best: C, beaten: Beaten<C>, options: SearchOptions<C>): Promise<C> {
  const { measure, keyOf, isOver = () => false, rounds = ROUNDS } = options;
  const run = async (champion: C, others: readonly C[]): Promise<C> => {
    const challengers = others.filter((other) => !beaten.has(champion, other));
    const rules = { rounds, leastGain: stage.leastGain ?? LEAST_GAIN, isOver };
    const winner = await race(champion, challengers, measure, rules);
    if (winner === champion) for (const loser of challengers) beaten.add(champion, loser);
    else beaten.add(winner, champion);
    return winner;
  };
  const answers = stage.answers(best);
  const own = answers.findIndex((answer) => keyOf(answer) === keyOf(best));
  return stage.isOrdered ? climb(answers, own, run) : run(best, answers.toSpliced(own, 1));
}

/** How far a climber looks: beyond a neighbour that is no better, for curves have flat places. */
const SIGHT = 3;

/** Looks at the nearest answers on both sides, goes to the best of them, and looks again, until nothing is better. */
async function climb<C>(
  answers: readonly C[],
  own: number,
  run: (champion: C, challengers: readonly C[]) => Promise<C>,
): Promise<C> {
  const best = answers[own] as C;
  const near = answers.slice(Math.max(0, own - SIGHT), own + SIGHT + 1).filter((answer) => answer !== best);
  const winner = await run(best, near);
  return winner === best ? best : climb(answers, answers.indexOf(winner), run);
}

/** Who has lost against whom. */
class Beaten<C> {
  readonly #losers = new Map<string, Set<string>>();
  readonly #keyOf: (candidate: C) => string;

  constructor(keyOf: (candidate: C) => string) {
    this.#keyOf = keyOf;
  }

  add(champion: C, loser: C): void {
    const key = this.#keyOf(champion);
    const losers = this.#losers.get(key) ?? new Set();
    this.#losers.set(key, losers.add(this.#keyOf(loser)));
  }

  has(champion: C, loser: C): boolean {
    return this.#losers.get(this.#keyOf(champion))?.has(this.#keyOf(loser)) ?? false;
  }
}
