import { setTimeout as sleep } from "node:timers/promises";
import PQueue from "p-queue";
import {
  afterFailure,
  afterSuccess,
  type Breaker,
  type BreakerLimits,
  beforeStart,
  CLOSED,
  waitFor,
} from "./breaker.ts";

/**
 * Lets the workers of one model start: one at a time, since loading takes the disk and all CPUs that it can get, and
 * none while the breaker is open. The only owner of the breaker.
 */
export class StartGate {
  readonly #limits: BreakerLimits;
  readonly #line = new PQueue({ concurrency: 1 });
  #breaker: Breaker = CLOSED;

  constructor(limits: BreakerLimits) {
    this.#limits = limits;
  }

  /** Whether no start is let through, or only one to see how it goes. */
  get isShut(): boolean {
    return this.#breaker.name !== "closed";
  }

  /** Waits for its turn, then runs `start` until it resolves. Rejects with the signal's reason. */
  enter<T>(start: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#line.add(
      async () => {
        await sleep(waitFor(this.#breaker, performance.now()), undefined, { signal });
        this.#breaker = beforeStart(this.#breaker);
        return start();
      },
      { signal },
    );
  }

  noteReady(): void {
    this.#breaker = afterSuccess(this.#breaker);
  }

  /** Earlier failures say nothing any more. A start that waits already goes on waiting. */
  forgive(): void {
    this.#breaker = CLOSED;
  }

  noteFailure(): void {
    this.#breaker = afterFailure(this.#breaker, performance.now(), this.#limits);
  }
}
