import type { Endpoint } from "../endpoint.ts";
import type { Loss } from "../loss.ts";
import { type Measured, type Prior, USUAL_PRIOR } from "./rates.ts";
import type { Upstream } from "./upstream.ts";

/** The right to one slot of an upstream, for one request. Given and taken back by Admission. */
export interface Lease {
  readonly upstream: LiveUpstream;
  /** Calls back when the upstream is cut, with the reason; at once if it has been. The last listener counts. */
  onCut(listener: (loss: Loss) => void): void;
  /** Who asks may be told to go elsewhere, by a cut, whenever this says so. Default: never. */
  mayMove(says: () => boolean): void;
  /** A byte came back. */
  progress(): void;
  /** The receiver takes no more: until `resume`, silence is not the worker's fault. */
  pause(): void;
  resume(): void;
  /** The answer came in full. */
  answered(): void;
  /** What the answer says that it took: routes are chosen by it. To be told before `release`. */
  measured(measured: Measured): void;
  /** Frees the slot. Further calls do nothing. */
  release(): void;
}

/** Told what becomes of a lease. */
export interface LeaseWatch {
  /** The first byte came back. */
  readonly began: () => void;
  readonly measured: (measured: Measured) => void;
  readonly released: () => void;
}

export interface UpstreamFacts {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly slots: number;
  /** How fast it should be, until its answers show it. */
  readonly prior?: Prior;
  /** Tokens of prompts that it keeps beside its slots. Default 0. */
  readonly cacheTokens?: number;
}

/** With each byte a longest pause counts a little less: 200 of them make it a seventh. */
const FORGETS = 0.99;

/**
 * One start of a worker and what is in flight on it. It is the only owner of that count: the router reads it to choose,
 * the worker room (whose `Load` this is) to drain and to tell a stalled worker from an idle one.
 */
export class LiveUpstream implements Upstream {
  static #uses = 0;

  readonly id: string;
  readonly endpoint: Endpoint;
  readonly slots: number;
  readonly prior: Prior;
  readonly cacheTokens: number;
  readonly #leases = new Set<OneLease>();
  readonly #idleListeners = new Set<() => void>();
  #admitted = true;
  #rests = 0;
  #served = 0;
  #lastUsed = 0;
  #lastProgressAt = performance.now();
  #rhythm = 0;
  #paused = 0;

  constructor({ id, endpoint, slots, prior = USUAL_PRIOR, cacheTokens = 0 }: UpstreamFacts) {
    this.id = id;
    this.endpoint = endpoint;
    this.slots = slots;
    this.prior = prior;
    this.cacheTokens = cacheTokens;
  }

  get healthy(): boolean {
    return this.#admitted && this.#rests === 0;
  }

  /** Whether its owner lets requests go there, even if it rests just now. */
  get admitted(): boolean {
    return this.#admitted;
  }

  get inFlight(): number {
    return this.#leases.size;
  }

  get served(): number {
    return this.#served;
  }

  get lastUsed(): number {
    return this.#lastUsed;
  }

  /**
   * performance.now() of the last byte that came back, or of the moment inFlight rose from 0. Now, while every request
   * in flight waits for its receiver: a slow client must not get a worker replaced.
   */
  get lastProgressAt(): number {
    return this.#paused > 0 && this.#paused === this.#leases.size ? performance.now() : this.#lastProgressAt;
  }

  /** Milliseconds between two bytes that came back, at the most of late; 0 before the second. */
  get rhythm(): number {
    return this.#rhythm;
  }

  admit(): void {
    this.#admitted = true;
  }

  eject(): void {
    this.#admitted = false;
  }

  /** Not healthy until `wake`; each rest is ended by one. */
  rest(): void {
    this.#rests += 1;
  }

  wake(): void {
    this.#rests -= 1;
  }

  lease(watch: LeaseWatch = UNWATCHED): Lease {
    if (this.#leases.size === 0) this.#lastProgressAt = performance.now();
    this.#lastUsed = ++LiveUpstream.#uses;
    let hasBegun = false;
    const lease = new OneLease(this, {
      progress: () => {
        const now = performance.now();
        this.#rhythm = Math.max(now - this.#lastProgressAt, this.#rhythm * FORGETS);
        this.#lastProgressAt = now;
        if (hasBegun) return;
        hasBegun = true;
        watch.began();
      },
      paused: (change) => {
        this.#paused += change;
        if (change < 0) this.#lastProgressAt = performance.now();
      },
      answered: () => {
        this.#served += 1;
      },
      measured: watch.measured,
      released: () => {
        this.#remove(lease);
        watch.released();
      },
    });
    this.#leases.add(lease);
    return lease;
  }

  /** Resolves when nothing is in flight; rejects with the signal's reason. */
  whenIdle(signal?: AbortSignal): Promise<void> {
    if (this.#leases.size === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const settle = (): void => {
        this.#idleListeners.delete(idle);
        signal?.removeEventListener("abort", aborted);
      };
      const idle = (): void => {
        settle();
        resolve();
      };
      const aborted = (): void => {
        settle();
        reject(signal?.reason);
      };
      this.#idleListeners.add(idle);
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }

  /** What is in flight goes no further here; each request closes its connection. */
  cut(loss: Loss): void {
    for (const lease of [...this.#leases]) lease.cut(loss);
  }

  /** Cuts what can as well go on elsewhere just now. */
  move(loss: Loss): void {
    for (const lease of [...this.#leases]) if (lease.canMove) lease.cut(loss);
  }

  #remove(lease: OneLease): void {
    this.#leases.delete(lease);
    if (this.#leases.size > 0) return;
    for (const idle of [...this.#idleListeners]) idle();
  }
}

const UNWATCHED: LeaseWatch = { began() {}, measured() {}, released() {} };

interface LeaseEvents {
  progress(): void;
  paused(change: 1 | -1): void;
  answered(): void;
  measured(measured: Measured): void;
  released(): void;
}

class OneLease implements Lease {
  readonly upstream: LiveUpstream;
  readonly progress: () => void;
  readonly answered: () => void;
  readonly measured: (measured: Measured) => void;
  readonly #events: LeaseEvents;
  #cut: Loss | null = null;
  #tell: ((loss: Loss) => void) | null = null;
  #canMove = (): boolean => false;
  #paused = false;
  #released = false;

  constructor(upstream: LiveUpstream, events: LeaseEvents) {
    this.upstream = upstream;
    this.progress = events.progress;
    this.answered = events.answered;
    this.measured = events.measured;
    this.#events = events;
  }

  onCut(listener: (loss: Loss) => void): void {
    this.#tell = listener;
    if (this.#cut !== null) listener(this.#cut);
  }

  get canMove(): boolean {
    return this.#canMove();
  }

  mayMove(says: () => boolean): void {
    this.#canMove = says;
  }

  pause(): void {
    if (this.#paused || this.#released) return;
    this.#paused = true;
    this.#events.paused(1);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#events.paused(-1);
  }

  cut(loss: Loss): void {
    if (this.#cut !== null) return;
    this.#cut = loss;
    this.#tell?.(loss);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.resume();
    this.#events.released();
  }
}
