import { percentile } from "../../src/load/statistics.ts";
import type { Outcome } from "./simulate.ts";

/** What one policy gave on one workload. */
export interface Figures {
  /** Seconds from a request's arrival to its first token. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Share of the prompts' tokens that were not computed, 0 to 1. */
  readonly saved: number;
  /** Tokens of answers a second of all workers, from the first arrival to the last answer. */
  readonly throughput: number;
}

export function figuresOf(outcomes: readonly Outcome[]): Figures {
  const waits = outcomes.map(({ firstTokenAt, arrivedAt }) => firstTokenAt - arrivedAt);
  const sum = (value: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + value(outcome), 0);
  const start = outcomes.reduce((least, { arrivedAt }) => Math.min(least, arrivedAt), Number.POSITIVE_INFINITY);
  const end = outcomes.reduce((most, { endedAt }) => Math.max(most, endedAt), 0);
  return {
    p50: percentile(waits, 50),
    p95: percentile(waits, 95),
    p99: percentile(waits, 99),
    saved: sum(({ cachedTokens }) => cachedTokens) / sum(({ request }) => request.prompt.length),
    throughput: sum(({ request }) => request.answer.tokens) / (end - start),
  };
}
