import type { Figures } from "../plan/goal.ts";
import type { Answer, Missed, Served } from "./answer.ts";
import { busyTimeOf } from "./busy-time.ts";
import { mean, type Percentiles, percentilesOf } from "./statistics.ts";

/** What a pool gave under a load. Plain data. Times are seconds; a percentile of nothing is NaN (null in JSON). */
export interface LoadFigures {
  readonly concurrency: number;
  /** From the first question to the last answer's end, warm-up not among it. */
  readonly seconds: number;
  readonly requests: number;
  /** Those of `requests` that got no whole answer. All other figures are of those that did. */
  readonly failed: number;
  /** What came instead of answers, each once, with how often. */
  readonly failures: readonly { readonly why: string; readonly count: number }[];
  /** What came out a second of `seconds`, all requests together: prompt tokens and answer tokens at the same time. */
  readonly throughput: { readonly prompt: number; readonly answer: number; readonly requests: number };
  /**
   * Prompt tokens a second, all workers together: tokens that the engines computed, over the time in which workers
   * computed prompts (see busyTimeOf). As clients see it: a request's way to the worker is part of it, the queue is not.
   */
  readonly prefill: number;
  /**
   * Answer tokens a second, all workers together, over the time in which workers computed no prompt. Tokens that were
   * computed beside another request's prompt count, their time is that prompt's: only together the two rates are exact,
   * for requests of the mean shape take prompt / prefill + answer / decode seconds each.
   */
  readonly decode: number;
  /** From a question to the first piece of its answer, the queue included. */
  readonly firstToken: Percentiles;
  /** From each piece of an answer to the next, over all answers: where others' prompts held it up shows in p99. */
  readonly perToken: Percentiles;
  /** For `scoreOf`: firstToken and perToken are means here, so that they add up to the time that requests took. */
  readonly figures: Figures;
}

export interface Run {
  readonly concurrency: number;
  readonly seconds: number;
  readonly answers: readonly Answer[];
}

export function figuresOf({ concurrency, seconds, answers }: Run): LoadFigures {
  const served = answers.filter((answer): answer is Served => answer.kind === "served");
  const missed = answers.filter((answer): answer is Missed => answer.kind === "missed");
  const busy = busyTimeOf(served);
  const tokens = { prompt: sum(served, ({ prompt }) => prompt), answer: sum(served, ({ answer }) => answer) };
  const prefill = tokens.prompt / (busy.prefill / 1000);
  const decode = tokens.answer / (busy.decode / 1000);
  const waits = served.map(({ askedAt, firstAt }) => (firstAt - askedAt) / 1000);
  const writing = sum(served, ({ firstAt, lastAt }) => lastAt - firstAt) / 1000;
  const perToken = writing / sum(served, ({ answer }) => answer - 1);
  return {
    concurrency,
    seconds,
    requests: answers.length,
    failed: missed.length,
    failures: failuresOf(missed),
    throughput: {
      prompt: tokens.prompt / seconds,
      answer: tokens.answer / seconds,
      requests: served.length / seconds,
    },
    prefill,
    decode,
    firstToken: percentilesOf(waits),
    perToken: percentilesOf(served.flatMap(({ gaps }) => gaps.map((gap) => gap / 1000))),
    figures: { prefill, decode, firstToken: mean(waits), perToken },
  };
}

function failuresOf(missed: readonly Missed[]): LoadFigures["failures"] {
  const counts = new Map<string, number>();
  for (const { why } of missed) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(([why, count]) => ({ why, count }));
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
