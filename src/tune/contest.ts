import { median } from "../load/statistics.ts";
import type { Goal } from "../plan/goal.ts";
import { type Candidate, keyOf, nameOf } from "./candidate.ts";
import type { Journal } from "./journal.ts";
import { judge, medianSample, type Sample } from "./judge.ts";
import type { Method } from "./record.ts";
import { type Stage, search } from "./search.ts";

/** What is searched, and by which yardstick. */
export interface Contest {
  readonly start: Candidate;
  /** One process on all CPUs: nothing may be slower without a good reason. */
  readonly reference: Candidate;
  readonly stages: readonly Stage<Candidate>[];
  readonly goal: Goal;
  readonly method: Method;
  readonly journal: Journal;
  /** Runs a candidate once. @throws the signal's reason */
  readonly take: (candidate: Candidate, signal: AbortSignal) => Promise<Sample>;
  /** Seconds that may be spent measuring, those of an earlier run not among them. */
  readonly budget: number;
  readonly signal?: AbortSignal | undefined;
  readonly report: (event: ContestEvent) => void;
}

export type ContestEvent =
  | { readonly kind: "question"; readonly about: string; readonly board: readonly Standing[] }
  | { readonly kind: "sample"; readonly name: string; readonly standing: Standing; readonly progress: Progress };

/** How a candidate stands against the plan without tuning. */
interface Standing {
  readonly name: string;
  /** Ratio of scores, medians; 1 of the plan without tuning, NaN before both were measured. */
  readonly ratio: number;
  readonly samples: number;
  readonly isBest: boolean;
}

interface Progress {
  /** Seconds. */
  readonly spent: number;
  readonly budget: number;
  readonly tried: number;
}

export interface Outcome {
  readonly best: Candidate;
  readonly tried: number;
  /** The whole space was searched. */
  readonly isComplete: boolean;
  readonly wasInterrupted: boolean;
}

/** For comparing the best with the plan without tuning once more. */
const FINAL_SAMPLES = 4;
/** What the budget must pay for when another sample is begun: that one, and two of these. */
const RESERVE = 3;

/** Searches until nothing is better, the budget is spent or somebody interrupts; what was measured counts in each case. */
export async function hold(contest: Contest): Promise<Outcome> {
  const { start, stages, signal, report } = contest;
  const desk = new Desk(contest);
  let best = start;
  try {
    const found = await search({
      start,
      stages,
      keyOf,
      measure: (candidate) => desk.measure(candidate),
      isOver: () => desk.isOver(best === start ? 0 : RESERVE),
      onStage: (about, champion) => {
        best = champion;
        report({ kind: "question", about, board: desk.board(best) });
      },
    });
    // Found is found, even where the budget does not pay for the last look.
    best = found.best;
    best = await desk.confirm(best);
    return { best, tried: desk.tried, isComplete: found.isComplete, wasInterrupted: false };
  } catch (error) {
    const wasInterrupted = signal?.aborted === true;
    if (!wasInterrupted && !(error instanceof BudgetSpent)) throw error;
    return { best, tried: desk.tried, isComplete: false, wasInterrupted };
  }
}

/** The budget ended in the middle of a sample. Never leaves `hold`. */
class BudgetSpent extends Error {}

/** A candidate that takes so many times as long as the first one is given up: it has lost. */
const TOO_SLOW = 4;
/** Seconds below which nothing is given up. */
const PATIENCE = 10;
/** Seconds that a timer of Node can wait. */
const LONGEST = 2e6;

/** Measures, keeps the time and knows the standings. */
class Desk {
  readonly #contest: Contest;
  readonly #known = new Map<string, Candidate>();
  /** Of new samples, seconds. */
  #spent = 0;
  #taken = 0;

  constructor(contest: Contest) {
    this.#contest = contest;
    this.#known.set(keyOf(contest.start), contest.start);
  }

  get tried(): number {
    return this.#known.size;
  }

  /** Whether what is left of the budget pays for no more than so many samples. */
  isOver(reserve: number): boolean {
    const each = this.#taken === 0 ? 0 : this.#spent / this.#taken;
    return this.#spent + each * reserve >= this.#contest.budget;
  }

  async measure(candidate: Candidate): Promise<number> {
    const { reference, journal } = this.#contest;
    if (journal.samplesOf(keyOf(reference)).length === 0 && keyOf(candidate) !== keyOf(reference)) {
      await this.#take(reference);
    }
    return this.#score(await this.#take(candidate));
  }

  async #take(candidate: Candidate): Promise<Sample> {
    const { journal, signal, report, budget } = this.#contest;
    signal?.throwIfAborted();
    const key = keyOf(candidate);
    this.#known.set(key, candidate);
    const { trial, isNew } = await journal.sample(key, () => this.#takeInTime(candidate));
    if (isNew) {
      this.#spent += trial.seconds;
      this.#taken += 1;
    }
    const progress = { spent: this.#spent, budget, tried: this.tried };
    report({ kind: "sample", name: this.#nameOf(candidate), standing: this.#standing(candidate, false), progress });
    return trial.sample;
  }

  /** Empty of a candidate that takes far too long. @throws BudgetSpent */
  async #takeInTime(candidate: Candidate): Promise<Sample> {
    const { take, signal, journal, start, reference, budget } = this.#contest;
    const others = signal === undefined ? [] : [signal];
    const isYardstick = [start, reference].some((one) => keyOf(one) === keyOf(candidate));
    // Without these two there is nothing to compare with, so they are measured whatever it takes.
    if (isYardstick && journal.samplesOf(keyOf(candidate)).length === 0) {
      return await take(candidate, AbortSignal.any(others));
    }
    const patience = Math.max(PATIENCE, TOO_SLOW * (journal.trials[0]?.seconds ?? 0));
    const left = Math.max(0, budget - this.#spent);
    const limit = AbortSignal.timeout(Math.ceil(1000 * Math.min(patience, left, LONGEST)));
    try {
      return await take(candidate, AbortSignal.any([limit, ...others]));
    } catch (error) {
      if (!limit.aborted || signal?.aborted === true) throw error;
      if (left < patience) throw new BudgetSpent();
      return [];
    }
  }

  /** 0 of a candidate that can't run here. A reference that can't is no yardstick: then the start is. */
  #score(sample: Sample): number {
    const { journal, goal, method, reference, start } = this.#contest;
    if (sample.length === 0) return 0;
    const ran = (candidate: Candidate) => journal.samplesOf(keyOf(candidate)).filter(({ length }) => length > 0);
    const yardstick = [ran(reference), ran(start)].find(({ length }) => length > 0) ?? [sample];
    return judge(sample, { goal, tokens: method.tokens, reference: medianSample(yardstick) });
  }

  /** The plan without tuning gets a last chance: what the search took for better may have had luck. */
  async confirm(best: Candidate): Promise<Candidate> {
    const { start } = this.#contest;
    if (keyOf(best) === keyOf(start)) return start;
    const ratios: number[] = [];
    for (let round = 0; round < FINAL_SAMPLES / 2; round += 1) {
      const before = await this.measure(start);
      ratios.push((await this.measure(best)) / before);
      if (this.isOver(0)) break;
    }
    return median(ratios) < 1 ? start : best;
  }

  /** Best first. */
  board(best: Candidate): Standing[] {
    const standings = [...this.#known.values()].map((candidate) =>
      this.#standing(candidate, keyOf(candidate) === keyOf(best)),
    );
    return standings.filter(({ ratio }) => Number.isFinite(ratio)).sort((a, b) => b.ratio - a.ratio);
  }

  #standing(candidate: Candidate, isBest: boolean): Standing {
    const { journal, start } = this.#contest;
    const scores = (of: Candidate) => journal.samplesOf(keyOf(of)).map((sample) => this.#score(sample));
    const own = scores(candidate);
    return { name: this.#nameOf(candidate), ratio: median(own) / median(scores(start)), samples: own.length, isBest };
  }

  #nameOf(candidate: Candidate): string {
    return nameOf(candidate, this.#contest.start);
  }
}
