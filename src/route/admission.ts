import { type Ask, PLAIN_ASK, type Prompt } from "./ask.ts";
import { type Clock, processClock } from "./clock.ts";
import { Desk, type Waiting } from "./desk.ts";
import type { Habits } from "./habits.ts";
import type { Lease, LiveUpstream } from "./live-upstream.ts";
import type { Policy } from "./policy.ts";
import { Refusals } from "./refusals.ts";

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

interface Guest extends Waiting {
  readonly refuse: (error: unknown) => void;
}

/**
 * Who is let in to wait for a slot, and for how long: the line is bounded in requests and in bytes, and a request whose
 * first token can't be there in time is refused at once, or when its time is over. Who is refused is told when to come
 * again, and taken then, beyond the bounds if need be.
 *
 * An upstream is chosen when a slot is free and not before (see Desk). With no upstream requests wait, unless `fail` has
 * said that waiting is in vain.
 */
export class Admission {
  readonly #clock: Clock;
  readonly #desk: Desk;
  readonly #refusals: Refusals;
  readonly #guests = new Set<Guest>();
  readonly #idleListeners = new Set<() => void>();
  #rules: AdmissionRules;
  /** Of the bodies of those that wait. */
  #bytes = 0;
  #expected = 0;
  #closed: Error | null = null;
  #ended: Error | null = null;
  #failure: Error | null = null;

  constructor({ clock = processClock, ...rules }: AdmissionOptions) {
    this.#rules = rules;
    this.#clock = clock;
    this.#desk = new Desk(rules.policy, clock, {
      freed: (held) => this.#refusals.learn(held),
      idle: () => this.#tellIdle(),
    });
    this.#refusals = new Refusals(this.#desk);
  }

  /** Requests that wait for a slot. */
  get size(): number {
    return this.#desk.line.size;
  }

  get limit(): number {
    return this.#rules.limit;
  }

  /** From now on by these; those that wait go on waiting. */
  adopt(rules: AdmissionRules): void {
    this.#rules = rules;
    this.#desk.policy = rules.policy;
  }

  /** What was learned of the model's requests. */
  get habits(): Habits {
    return this.#desk.habits;
  }

  /** Milliseconds for which the one that has waited longest has; null where none waits. */
  get waited(): number | null {
    const since = this.#desk.line.oldest;
    return since === null ? null : this.#clock.now() - since;
  }

  /** Whether there is an upstream that requests may go to, busy or not. */
  get hasUpstream(): boolean {
    return this.#desk.hasUpstream;
  }

  /**
   * Runs the task with a lease on one slot, which is freed when the task settles.
   * @throws CorralError CORRAL_QUEUE_FULL or CORRAL_TOO_LATE with facts.retryAfter (seconds); the error given to `fail`
   * or `close`; the signal's reason
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
    const now = this.#clock.now();
    this.#refuseAll(again);
    const since = again ? now : this.#refusals.check(ask, now, { requests: this.#mayWait(), bytes: this.#bytesLeft() });
    const standing = { since, priority: ask.priority, again };

    // Who would be one too many in the line takes what is free.
    const patience = this.size < this.#mayWait() ? null : now;
    const forgetDeadline = ask.deadline === null ? () => {} : this.#atDeadline(ask.deadline, now, () => guest);
    const guest: Guest = {
      ...standing,
      ask,
      patience,
      refuse,
      start: (lease) => {
        this.#forget(guest);
        start(lease);
      },
      forget: forgetDeadline,
    };
    this.#guests.add(guest);
    this.#bytes += ask.bytes;
    this.#desk.enter(guest);
    return () => this.#leaves(guest);
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
    this.#desk.add(upstream);
  }

  /** It holds this prompt by other means than a request, admitted or not. */
  holds(upstream: LiveUpstream, prompt: Prompt): void {
    this.#desk.stationOf(upstream).holds(prompt);
  }

  /** Sends it nothing new; what is in flight on it goes on. */
  eject(id: string): void {
    const upstream = this.#desk.upstream(id);
    upstream?.eject();
    if (upstream !== null) this.#desk.changed(upstream);
    if (this.#failure) this.#dismissIfHopeless(this.#failure);
  }

  /**
   * Sends it nothing new for a moment: something went wrong on a connection to it, and whoever knows whether it has
   * died is about to say so. Otherwise its next victim would be the request that waits for the slot just freed.
   */
  rest(id: string): void {
    const upstream = this.#desk.upstream(id);
    if (upstream === null) return;
    upstream.rest();
    this.#desk.changed(upstream);
    this.#clock.after(REST, () => {
      upstream.wake();
      this.#desk.changed(upstream);
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
    for (const guest of [...this.#guests]) this.#turnAway(guest, error);
  }

  /** Refuses those that wait too, and those that would be tried again. */
  end(error: Error): void {
    this.#ended ??= error;
    this.dismiss(error);
  }

  /** Resolves when nothing waits or runs. */
  whenIdle(): Promise<void> {
    if (this.#desk.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idleListeners.add(resolve));
  }

  #refuseAll(again: boolean): void {
    if (this.#ended) throw this.#ended;
    if (this.#closed && !again) throw this.#closed;
    if (this.#failure && !this.hasUpstream) throw this.#failure;
  }

  /** @returns what forgets it */
  #atDeadline(deadline: number, now: number, guest: () => Guest): () => void {
    return this.#clock.after(Math.max(0, deadline - now), () => {
      this.#turnAway(guest(), this.#refusals.overtaken(guest(), guest().ask, this.#clock.now()));
    });
  }

  #bytesLeft(): number {
    return (this.#rules.bytes ?? Number.POSITIVE_INFINITY) - this.#bytes;
  }

  #mayWait(): number {
    return this.limit + Math.max(0, this.#expected - this.#desk.slots);
  }

  #dismissIfHopeless(error: Error): void {
    if (!this.hasUpstream) this.dismiss(error);
  }

  #turnAway(guest: Guest, error: unknown): void {
    if (this.#leaves(guest)) guest.refuse(error);
  }

  #leaves(guest: Guest): boolean {
    if (!this.#guests.has(guest)) return false;
    this.#forget(guest);
    this.#desk.leave(guest);
    return true;
  }

  #forget(guest: Guest): void {
    this.#guests.delete(guest);
    this.#bytes -= guest.ask.bytes;
  }

  #tellIdle(): void {
    for (const listener of this.#idleListeners) listener();
    this.#idleListeners.clear();
  }
}
