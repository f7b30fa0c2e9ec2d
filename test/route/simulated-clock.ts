import type { Clock } from "../../src/route/clock.ts";

/** Time that passes only when it is told to. */
export class SimulatedClock implements Clock {
  #now = 0;
  #later: { at: number; call: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, call: () => void): () => void {
    const entry = { at: this.#now + milliseconds, call };
    this.#later.push(entry);
    return () => {
      this.#later = this.#later.filter((each) => each !== entry);
    };
  }

  /** Lets all happen that is due until then, in its order. */
  runTo(time: number): void {
    for (;;) {
      const next = this.#later.reduce<{ at: number; call: () => void } | null>(
        (first, each) => (each.at <= time && (first === null || each.at < first.at) ? each : first),
        null,
      );
      if (next === null) break;
      this.#later = this.#later.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
    }
    this.#now = Math.max(this.#now, time);
  }
}

/** The same numbers from 0 to 1 each time. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
