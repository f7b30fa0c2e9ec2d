import type { Figures } from "../plan/goal.ts";
import type { Plan } from "../plan/plan.ts";
import type { Tuned } from "../plan/tuned.ts";
import { type Candidate, keyOf } from "./candidate.ts";
import type { Contest, Outcome } from "./contest.ts";
import { figuresOf, type Sample } from "./judge.ts";

/** One load, without tuning and with. */
export interface Comparison {
  readonly concurrency: number;
  readonly isNoisy: boolean;
  readonly untuned: Figures;
  readonly tuned: Figures;
}

/** Null before the plan without tuning was measured: then nothing was compared. */
export function tunedOf({ goal, concurrency }: Plan, contest: Contest, { best, tried }: Outcome): Tuned | null {
  const { start, method } = contest;
  const [untuned, tuned] = [samplesOf(contest, start), samplesOf(contest, best)];
  if (tried < 2 || untuned.length === 0 || tuned.length === 0) return null;
  return {
    goal,
    concurrency,
    ...best,
    figures: figuresOf(tuned, concurrency, false),
    untuned: figuresOf(untuned, concurrency, false),
    robust: method.robust,
    tried,
    measuredAt: new Date().toISOString(),
  };
}

/** Empty before both were measured. */
export function comparisonsOf(contest: Contest, best: Candidate): Comparison[] {
  const { method, start } = contest;
  const [untuned, tuned] = [samplesOf(contest, start), samplesOf(contest, best)];
  if (untuned.length === 0 || tuned.length === 0) return [];
  return [false, ...(method.robust ? [true] : [])].flatMap((isNoisy) =>
    method.levels.map((concurrency) => ({
      concurrency,
      isNoisy,
      untuned: figuresOf(untuned, concurrency, isNoisy),
      tuned: figuresOf(tuned, concurrency, isNoisy),
    })),
  );
}

function samplesOf({ journal }: Contest, candidate: Candidate): Sample[] {
  return journal.samplesOf(keyOf(candidate)).filter(({ length }) => length > 0);
}
