import { median } from "../load/statistics.ts";
import { type Figures, type Goal, scoreOf } from "../plan/goal.ts";

/** What a candidate gave under one load, alone or beside a busy neighbour. */
export interface Cell {
  /** Requests at once. */
  readonly concurrency: number;
  readonly isNoisy: boolean;
  readonly figures: Figures;
}

/** One run of a candidate: a cell for each level, and for each again where it is judged beside a neighbour, too. */
export type Sample = readonly Cell[];

/** Tokens of each request. */
export interface RequestTokens {
  readonly prompt: number;
  readonly answer: number;
}

/**
 * How many requests at once a candidate is judged with. A service made for `concurrency` requests has fewer most of the
 * time, so one alone and some in between count too; but for the goal "throughput", which is about full houses.
 */
export function levelsFor(goal: Goal, concurrency: number): number[] {
  if (goal === "throughput") return [concurrency];
  const between = 2 ** Math.round(Math.log2(concurrency) / 2);
  return [...new Set([1, between, concurrency])].sort((a, b) => a - b);
}

/** Of all weight; the other levels share the rest. */
const OWN_LEVEL = 0.5;

/**
 * One figure for a sample; only ratios mean something. The geometric mean over its levels, the one it is made for
 * counting as much as all others, and of quiet and noisy. Geometric, so that a ratio won is worth a ratio lost, whatever
 * the figures' size.
 */
export function judge(sample: Sample, goal: Goal, tokens: RequestTokens): number {
  const most = Math.max(...sample.map(({ concurrency }) => concurrency));
  const lesser = sample.filter(({ concurrency }) => concurrency < most).length;
  const weights = sample.map(({ concurrency }) =>
    concurrency === most ? (lesser === 0 ? 1 : OWN_LEVEL) / (sample.length - lesser) : (1 - OWN_LEVEL) / lesser,
  );
  const logs = sample.map(({ concurrency, figures }) => Math.log(scoreOf(goal, figures, { concurrency, ...tokens })));
  return Math.exp(logs.reduce((sum, log, index) => sum + log * (weights[index] ?? 0), 0));
}

/** Cell by cell the median of several samples of one candidate. */
export function figuresOf(samples: readonly Sample[], concurrency: number, isNoisy: boolean): Figures {
  const all = samples.flatMap((sample) =>
    sample.filter((cell) => cell.concurrency === concurrency && cell.isNoisy === isNoisy).map(({ figures }) => figures),
  );
  const of = (name: keyof Figures) => median(all.map((figures) => figures[name]));
  return { prefill: of("prefill"), decode: of("decode"), firstToken: of("firstToken"), perToken: of("perToken") };
}
