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

/** Beside a neighbour a process with several threads may be twenty times as slow: there shorter requests say enough. */
const NOISY_PART = 0.25;
const LEAST_TOKENS = 4;

/** Tokens of the requests that a cell is measured with. */
export function tokensOfCell({ prompt, answer }: RequestTokens, isNoisy: boolean): RequestTokens {
  if (!isNoisy) return { prompt, answer };
  const part = (tokens: number) => Math.max(Math.min(LEAST_TOKENS, tokens), Math.round(tokens * NOISY_PART));
  return { prompt: part(prompt), answer: part(answer) };
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
/** What a loss counts, where a gain of the same ratio counts 1. */
const LOSS = 3;
/**
 * As a ratio: more than that counts as that. Beside a neighbour one process is now three, now twenty times slower, and such
 * chance must not outweigh what is lost on a quiet machine.
 */
const MOST_GAIN = 3;

export interface Yardstick {
  readonly goal: Goal;
  readonly tokens: RequestTokens;
  /** What one process on all CPUs gives, cell by cell. */
  readonly reference: Sample;
}

/**
 * One figure for a sample, 1 where it is as good as the reference: the geometric mean of its cells' ratios, the level it
 * is made for counting as much as all others, quiet as much as noisy. What is slower than the reference anywhere counts
 * three times: nobody tunes a machine to see it lose to one process as anybody starts it, not even at an hour when one
 * request comes alone.
 */
export function judge(sample: Sample, { goal, tokens, reference }: Yardstick): number {
  const most = Math.max(...sample.map(({ concurrency }) => concurrency));
  const lesser = sample.filter(({ concurrency }) => concurrency < most).length;
  const weightOf = ({ concurrency }: Cell) =>
    concurrency === most ? (lesser === 0 ? 1 : OWN_LEVEL) / (sample.length - lesser) : (1 - OWN_LEVEL) / lesser;
  const score = ({ concurrency, isNoisy, figures }: Cell) =>
    scoreOf(goal, figures, { concurrency, ...tokensOfCell(tokens, isNoisy) });
  const sum = sample.reduce((total, cell) => {
    const other = reference.find((one) => one.concurrency === cell.concurrency && one.isNoisy === cell.isNoisy);
    const gain = other === undefined ? 0 : Math.log(score(cell) / score(other));
    return total + weightOf(cell) * (gain < 0 ? LOSS * gain : Math.min(gain, Math.log(MOST_GAIN)));
  }, 0);
  return Math.exp(sum);
}

/** Cell by cell the median of several samples of one candidate. */
export function medianSample(samples: readonly Sample[]): Sample {
  const [first = []] = samples;
  return first.map(({ concurrency, isNoisy }) => ({
    concurrency,
    isNoisy,
    figures: figuresOf(samples, concurrency, isNoisy),
  }));
}

/** Of one cell. */
export function figuresOf(samples: readonly Sample[], concurrency: number, isNoisy: boolean): Figures {
  const all = samples.flatMap((sample) =>
    sample.filter((cell) => cell.concurrency === concurrency && cell.isNoisy === isNoisy).map(({ figures }) => figures),
  );
  const of = (name: keyof Figures) => median(all.map((figures) => figures[name]));
  return { prefill: of("prefill"), decode: of("decode"), firstToken: of("firstToken"), perToken: of("perToken") };
}
