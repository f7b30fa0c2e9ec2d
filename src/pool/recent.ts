import type { PoolStats } from "../pool-types.ts";
import type { ExchangeFacts } from "../proxy/facts.ts";

/** Seconds that are looked back. */
const SPAN = 60;
/** Latest first tokens that percentiles are made of; more in a minute would tell no more. */
const MOST_WAITS = 512;

interface Wait {
  readonly at: number;
  readonly ms: number;
}

/** The last minute of a pool: a cell for the tokens of each second, and the latest waits for first tokens. */
export class Recent {
  /** Which second each cell is of. */
  readonly #seconds = new Float64Array(SPAN).fill(-1);
  readonly #tokens = new Float64Array(SPAN);
  readonly #waits: Wait[] = [];
  readonly #since: number;

  /** @param now milliseconds of a steady clock, here and below */
  constructor(now: number) {
    this.#since = now;
  }

  add({ queuedMs, firstTokenMs, totalMs, gaps, tokens, status }: ExchangeFacts, now: number): void {
    if (firstTokenMs === null || status !== 200) return;
    const asked = now - totalMs;
    // An answer that came whole was made from when it had its slot.
    if (tokens !== null) this.#spread(tokens.completion, asked + (gaps === null ? queuedMs : firstTokenMs), now);
    this.#waits.push({ at: now, ms: firstTokenMs });
    if (this.#waits.length > MOST_WAITS) this.#waits.shift();
  }

  figures(now: number): PoolStats["recent"] {
    const second = Math.floor(now / 1000);
    const tokens = this.#tokens.reduce(
      (sum, count, cell) => sum + ((this.#seconds[cell] ?? -1) > second - SPAN ? count : 0),
      0,
    );
    const seconds = Math.min(SPAN, Math.max(1, (now - this.#since) / 1000));
    const waits = this.#waits.filter(({ at }) => at > now - SPAN * 1000).map(({ ms }) => ms);
    return { tokensPerSecond: tokens / seconds, firstTokenMs: waits.length === 0 ? null : percentiles(waits) };
  }

  /** Evenly over the time in which they were made: long answers end seldom, but make tokens all the time. */
  #spread(tokens: number, from: number, to: number): void {
    const last = Math.floor(to / 1000);
    for (let second = Math.max(Math.floor(from / 1000), last - SPAN + 1); second <= last; second += 1) {
      const overlap = Math.min(to, (second + 1) * 1000) - Math.max(from, second * 1000);
      this.#count(second, to > from ? (tokens * overlap) / (to - from) : tokens);
    }
  }

  #count(second: number, tokens: number): void {
    const cell = second % SPAN;
    if (this.#seconds[cell] !== second) this.#tokens[cell] = 0;
    this.#seconds[cell] = second;
    this.#tokens[cell] = (this.#tokens[cell] ?? 0) + tokens;
  }
}

/** By the nearest rank. */
function percentiles(values: readonly number[]): { p50: number; p95: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95) };
}
