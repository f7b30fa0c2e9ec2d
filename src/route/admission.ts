import { CorralError } from "../errors.ts";
import { type Ask, PLAIN_ASK, type Prompt } from "./ask.ts";
import { Board } from "./board.ts";
import { type Clock, processClock } from "./clock.ts";
import { Habits } from "./habits.ts";
import { Line, type Standing } from "./line.ts";
import type { Lease, LiveUpstream } from "./live-upstream.ts";
import { NONE, type Policy } from "./policy.ts";
import { predict } from "./predicted-time.ts";
import { retryAfter, ServiceTime } from "./service-time.ts";
import { Station } from "./station.ts";

/** What may change while it runs. */
export interface AdmissionRules {
  readonly policy: Policy;
  /** Requests that may wait for a slot. */
  readonly limit: number;
  /** Of their bodies, together. Default: any number. */
  readonly bytes?: number;
}

export interface AdmissionOptions extends AdmissionRules {
  /** Default: the process's. */
  readonly clock?: Clock;
}

export interface RunOptions {
  /** Takes a waiting request out of the line; a running one must heed it itself. */
  readonly signal?: AbortSignal | undefined;
  /** It was taken before and no upstream could be found for it: it goes first, and is not refused for a full queue. */
  readonly again?: boolean;
  /** What is known of it. Default: nothing. */
  readonly ask?: Ask;
}

/** Who wants a slot. One of the two is called, once. */
export interface Entrant {
  readonly start: (lease: Lease) => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * Milliseconds. A process that has died is known to be dead a few of them later; one that only closed a connection
 * should not be missed for long.
 */
const REST = 200;

interface Waiting extends Standing, Entrant {
  readonly ask: Ask;
  /** Until when it waits for the upstream that suits it best; null until it was asked about for the first time. */
  patience: number | null;
  /** Forgets to look when that is over. */
  forget: () => void;
}

/**
 * The bounded line in front of the upstreams. Whenever a slot may have become free, those that wait are gone over in
 * their order: the policy chooses an upstream for each, and those whose choice has a slot free start (late binding).
 *
 * A request may wait for a busy upstream though another is free, for as long as that was predicted to take when it was
 * first gone over; then it takes the first slot. With no upstream requests wait, unless `fail` has said that waiting is
 * in vain.
 */
export class Admission {
  readonly #clock: Clock;
  readonly #board = new Board();
  readonly #habits = new Habits();
  readonly #stations = new Map<string, Station>();
  readonly #line = new Line<Waiting>();
  readonly #serviceTime = new ServiceTime();
  readonly #idleListeners = new Set<() => void>();
  #rules: AdmissionRules;
  #isGoingOver = false;
  #isStale = false;
  #running = 0;
  #expected = 0;
  #closed: Error | null = null;
  #ended: Error | null = null;
  #failure: Error | null = null;

  constructor({ clock = processClock, ...rules }: AdmissionOptions) {
    this.#rules = rules;
    this.#clock = clock;
  }

  /** Requests that wait for a slot. */
  get size(): number {
    return this.#line.size;
  }

  get limit(): number {
    return this.#rules.limit;
  }

  /** From now on by these; those that wait go on waiting. */
  adopt(rules: AdmissionRules): void {
    this.#rules = rules;
    this.#goOver();
  }

  /** What was learned of the model's requests. */
  get habits(): Habits {
    return this.#habits;
  }

  /** Milliseconds for which the one that has waited longest has; null where none waits. */
  get waited(): number | null {
    const since = this.#line.oldest;
    return since === null ? null : this.#clock.now() - since;
  }

  /** Whether there is an upstream that requests may go to, busy or not. */
  get hasUpstream(): boolean {
    return [...this.#stations.values()].some(({ upstream }) => upstream.admitted);
  }

  /**
   * Runs the task with a lease on one slot, which is freed when the task settles.
   * @throws CorralError CORRAL_QUEUE_FULL with facts { limit, waiting, retryAfter (seconds) }; the error given to
   * `fail` or `close`; the signal's reason
   */
  async run<T>(task: (lease: Lease) => Promise<T>, { signal, again = false, ask }: RunOptions = {}): Promise<T> {
    signal?.throwIfAborted();
    let leave = (): void => {};
    const lease = await new Promise<Lease>((start, refuse) => {
      const forget = this.enter({ start, refuse }, ask, again);
      leave = () => {
        if (forget()) refuse(signal?.reason);
      };
      signal?.addEventListener("abort", leave, { once: true });
    }).finally(() => signal?.removeEventListener("abort", leave));
    try {
      return await task(lease);
    } finally {
      lease.release();
    }
  }

  /**
   * Starts it now, or later, or refuses it.
   * @returns what takes it out of the line, and tells whether it still was there
   * @throws as `run`
   */
  enter({ start, refuse }: Entrant, ask: Ask = PLAIN_ASK, again = false): () => boolean {
    this.#refuse(!again);
    const now = this.#clock.now();
    // Who would be one too many in the line takes what is free.
    const patience = this.size < this.#mayWait() ? null : now;
    const waiting: Waiting = { start, refuse, ask, again, priority: ask.priority, since: now, patience, forget() {} };
    this.#line.add(waiting);
    this.#goOver();
    return () => this.#leaves(waiting);
  }

  /**
   * So many slots there are, or are about to be: while workers are started or replaced, requests that would have one wait
   * for it beside those that the limit allows.
   */
  expect(slots: number): void {
    this.#expected = slots;
  }

  /** Also readmits one that was ejected. */
  add(upstream: LiveUpstream): void {
    upstream.admit();
    this.#changed(this.#stationOf(upstream));
  }

  /** It holds this prompt by other means than a request, admitted or not. */
  holds(upstream: LiveUpstream, prompt: Prompt): void {
    this.#stationOf(upstream).holds(prompt);
  }

  /** Sends it nothing new; what is in flight on it goes on. */
  eject(id: string): void {
    const station = this.#stations.get(id);
    if (station) {
      station.upstream.eject();
      this.#changed(station);
    }
    if (this.#failure) this.#dismissIfHopeless(this.#failure);
  }

  /**
   * Sends it nothing new for a moment: something went wrong on a connection to it, and whoever knows whether it has
   * died is about to say so. Otherwise its next victim would be the request that waits for the slot just freed.
   */
  rest(id: string): void {
    const station = this.#stations.get(id);
    if (!station) return;
    station.upstream.rest();
    this.#changed(station);
    this.#clock.after(REST, () => {
      station.upstream.wake();
      this.#changed(station);
    });
  }

  /** From now on requests that find no upstream are refused instead of waiting. */
  fail(error: Error): void {
    this.#failure = error;
    this.#dismissIfHopeless(error);
  }

  recover(): void {
    this.#failure = null;
  }

  /** Refuses new requests; those that wait or run go on. */
  close(error: Error): void {
    this.#closed ??= error;
  }

  /** Refuses those that wait; later ones may wait again. */
  dismiss(error: Error): void {
    for (const waiting of this.#line.inOrder()) this.#turnAway(waiting, error);
  }

  /** Refuses those that wait too, and those that would be tried again. */
  end(error: Error): void {
    this.#ended ??= error;
    this.dismiss(error);
  }

  /** Resolves when nothing waits or runs. */
  whenIdle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idleListeners.add(resolve));
  }

  /** Once more where something has changed while it was done. */
  #goOver(): void {
    this.#isStale = true;
    if (this.#isGoingOver) return;
    this.#isGoingOver = true;
    while (this.#isStale) {
      this.#isStale = false;
      this.#goOverLine();
    }
    this.#isGoingOver = false;
  }

  /** Those that wait, in their order, each to what the policy chooses for it, until no slot is free. */
  #goOverLine(): void {
    const now = this.#clock.now();
    for (const waiting of this.#line.inOrder()) {
      if (!this.#board.hasFree) break;
      const mayWait = waiting.patience === null || waiting.patience > now;
      const row = this.#rules.policy.choose(this.#board, waiting.ask, now, mayWait);
      if (row === NONE) continue;
      if (this.#board.isFree(row)) this.#start(waiting, row, now);
      else this.#hold(waiting, row, now);
      if (this.#isStale) break;
    }
    this.#board.restore();
  }

  #start(waiting: Waiting, row: number, now: number): void {
    this.#line.remove(waiting);
    waiting.forget();
    waiting.start(this.#leaseOf(this.#stationAt(row), waiting.ask, now));
  }

  /** It waits for a busy upstream: those behind it choose as if it were there already. */
  #hold(waiting: Waiting, row: number, now: number): void {
    const prediction = predict(this.#board, row, waiting.ask, now);
    this.#board.reserve(row, now, prediction);
    if (waiting.patience !== null) return;
    waiting.patience = now + prediction.start;
    waiting.forget = this.#clock.after(prediction.start, () => this.#goOver());
  }

  #leaseOf(station: Station, ask: Ask, now: number): Lease {
    this.#running += 1;
    const lease = station.upstream.lease({
      began: () => station.firstToken(flight, this.#clock.now()),
      measured: (measured) => {
        flight.measured = measured;
      },
      released: () => {
        this.#running -= 1;
        this.#serviceTime.record(this.#clock.now() - now);
        station.end(flight);
        this.#changed(station);
        this.#tellIfIdle();
      },
    });
    const flight = station.start(ask, now);
    return lease;
  }

  #changed(station: Station): void {
    const { upstream } = station;
    station.refresh();
    if (!upstream.admitted && upstream.inFlight === 0 && this.#stations.delete(upstream.id)) station.leave();
    this.#goOver();
  }

  #stationOf(upstream: LiveUpstream): Station {
    const station = this.#stations.get(upstream.id) ?? new Station(upstream, this.#board, this.#habits);
    this.#stations.set(upstream.id, station);
    return station;
  }

  #stationAt(row: number): Station {
    for (const station of this.#stations.values()) if (station.row === row) return station;
    throw new CorralError("CORRAL_INTERNAL", "a request was started with no slot free for it; please report this");
  }

  #turnAway(waiting: Waiting, error: unknown): void {
    if (this.#leaves(waiting)) waiting.refuse(error);
  }

  /** @returns whether it still waited */
  #leaves(waiting: Waiting): boolean {
    const waited = this.#line.remove(waiting);
    waiting.forget();
    this.#tellIfIdle();
    return waited;
  }

  get #isIdle(): boolean {
    return this.#line.size === 0 && this.#running === 0;
  }

  #tellIfIdle(): void {
    if (!this.#isIdle) return;
    for (const listener of this.#idleListeners) listener();
    this.#idleListeners.clear();
  }

  #slots(): number {
    const upstreams = [...this.#stations.values()].map(({ upstream }) => upstream);
    return upstreams.reduce((sum, { healthy, slots }) => sum + (healthy ? slots : 0), 0);
  }

  #refuse(isNew: boolean): void {
    if (this.#ended) throw this.#ended;
    if (this.#closed && isNew) throw this.#closed;
    if (this.#failure && !this.hasUpstream) throw this.#failure;
    if (isNew && this.size >= this.#mayWait() && !(this.size === 0 && this.#board.hasFree)) throw this.#full();
  }

  #mayWait(): number {
    return this.limit + Math.max(0, this.#expected - this.#slots());
  }

  #dismissIfHopeless(error: Error): void {
    if (!this.hasUpstream) this.dismiss(error);
  }

  #full(): CorralError {
    const waiting = this.size;
    const seconds = retryAfter({ waiting, slots: this.#slots(), mean: this.#serviceTime.mean });
    return new CorralError(
      "CORRAL_QUEUE_FULL",
      `${waiting} requests wait already, as many as queueLimit allows; try again in ${seconds} s`,
      { facts: { limit: this.limit, waiting, retryAfter: seconds } },
    );
  }
}
