import { isDefinite, startError } from "./failure.ts";
import type { Failure } from "./state.ts";

/** What decides whether a model is served. */
export interface StandingView {
  /** Whether any worker serves. */
  serves(): boolean;
  /** Whether no worker is started for a while. */
  isGivenUp(): boolean;
  /** Whether all is to end: nothing is told any more. */
  isOver(): boolean;
}

export interface StandingEvents {
  /** No worker serves, and none is started for a while. */
  failed(failure: Failure): void;
  /** A worker serves again. */
  recovered(): void;
}

/** Whether a model is served: tried at first, and then told when it is given up and when it is back. */
export class Standing {
  readonly #view: StandingView;
  readonly #events: StandingEvents;
  /** While `tryOut` waits. */
  #trial: { resolve(): void; reject(error: unknown): void } | null = null;
  #isDown = false;
  #lastFailure: Failure | null = null;

  constructor(view: StandingView, events: StandingEvents) {
    this.#view = view;
    this.#events = events;
  }

  /**
   * Resolves when all are started and one serves. What it finds out is told by it alone.
   *
   * @throws CorralError CORRAL_MODEL_*, CORRAL_BAD_OPTION or CORRAL_WORKER_FAILED (facts.failure) when none serves and
   * none will; the signal's reason; what `cut` was given; what `startAll` throws
   */
  async tryOut(startAll: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    const oneServes = new Promise<void>((resolve, reject) => {
      this.#trial = { resolve, reject };
    });
    // Also rejected where nobody waits for it yet.
    oneServes.catch(() => {});
    const abort = (): void => this.#trial?.reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      signal?.throwIfAborted();
      await Promise.all([oneServes, startAll()]);
    } finally {
      this.#trial = null;
      signal?.removeEventListener("abort", abort);
    }
    this.look();
  }

  /** A worker was started: it serves (null), or has failed. */
  tried(failure: Failure | null): void {
    if (failure === null) {
      this.#trial?.resolve();
    } else {
      this.#lastFailure = failure;
      if (!this.#view.serves() && (isDefinite(failure) || this.#view.isGivenUp()))
        this.#trial?.reject(startError(failure));
    }
    this.look();
  }

  /** Tells what has changed since the last look. */
  look(): void {
    if (this.#trial !== null || this.#view.isOver()) return;
    const serves = this.#view.serves();
    const isDown = this.#view.isGivenUp() && !serves;
    if (isDown === this.#isDown || this.#lastFailure === null) return;
    // A start that is tried does not make it whole: only a worker that serves does.
    if (!isDown && !serves) return;
    this.#isDown = isDown;
    if (isDown) this.#events.failed(this.#lastFailure);
    else this.#events.recovered();
  }

  /** Whoever still waits gets the error. */
  cut(error: Error): void {
    this.#trial?.reject(error);
  }
}
