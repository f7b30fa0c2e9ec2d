import PQueue from "p-queue";
import { CorralError } from "../errors.ts";
import type { Lease, LiveUpstream } from "./live-upstream.ts";
import type { Policy } from "./policy.ts";
import { retryAfter, ServiceTime } from "./service-time.ts";

export interface AdmissionOptions {
  readonly policy: Policy;
  /** Requests that may wait for a slot. */
  readonly limit: number;
}

export interface RunOptions {
  /** Takes a waiting request out of the queue; a running one must heed it itself. */
  readonly signal?: AbortSignal | undefined;
  /** It was taken before and no upstream could be found for it: it goes first, and is not refused for a full queue. */
  readonly again?: boolean;
}

/**
 * Milliseconds. A process that has died is known to be dead a few of them later; one that only closed a connection
 * should not be missed for long.
 */
const REST = 200;

/**
 * The bounded queue in front of the upstreams. An upstream is chosen when a slot is free and not before (late binding):
 * a request never waits at a busy worker while another is idle.
 *
 * As many tasks run as healthy upstreams have slots, and those still in flight on ejected ones run on beside them.
 * With no upstream requests wait, unless `fail` has said that waiting is in vain.
 */
export class Admission {
  readonly #queue = new PQueue({ autoStart: false });
  readonly #policy: Policy;
  #limit: number;
  readonly #upstreams = new Map<string, LiveUpstream>();
  /** Oldest first, with performance.now() of when each began to wait. */
  readonly #waiting = new Map<AbortController, number>();
  readonly #serviceTime = new ServiceTime();
  #expected = 0;
  #closed: Error | null = null;
  #ended: Error | null = null;
  #failure: Error | null = null;

  constructor({ policy, limit }: AdmissionOptions) {
    this.#policy = policy;
    this.#limit = limit;
  }

  /** Requests that wait for a slot. */
  get size(): number {
    return this.#waiting.size;
  }

  get limit(): number {
    return this.#limit;
  }

  set limit(requests: number) {
    this.#limit = requests;
  }

  /** Milliseconds for which the one that has waited longest has; null where none waits. */
  get waited(): number | null {
    const [since] = this.#waiting.values();
    return since === undefined ? null : performance.now() - since;
  }

  /** Whether there is an upstream that requests may go to, busy or not. */
  get hasUpstream(): boolean {
    return [...this.#upstreams.values()].some(({ admitted }) => admitted);
  }

  /**
   * Runs the task with a lease on one slot, which is freed when the task settles.
   * @throws CorralError CORRAL_QUEUE_FULL with facts { limit, waiting, retryAfter (seconds) }; the error given to
   * `fail` or `close`; the signal's reason
   */
  async run<T>(task: (lease: Lease) => Promise<T>, { signal, again = false }: RunOptions = {}): Promise<T> {
    signal?.throwIfAborted();
    this.#refuse(!again);
    // The queue starts it before `add` returns: there is no waiting to be given up.
    if (this.#startsAtOnce()) return this.#queue.add(() => this.#serve(task));
    const waiting = new AbortController();
    const leave = (): void => waiting.abort(signal?.reason);
    const stopWaiting = (): void => {
      this.#waiting.delete(waiting);
      signal?.removeEventListener("abort", leave);
    };
    this.#waiting.set(waiting, performance.now());
    signal?.addEventListener("abort", leave, { once: true });
    const start = (): Promise<T> => {
      stopWaiting();
      return this.#serve(task);
    };
    try {
      return await this.#queue.add(start, { signal: waiting.signal, priority: again ? 1 : 0 });
    } finally {
      stopWaiting();
    }
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
    this.#upstreams.set(upstream.id, upstream);
    this.#resize();
  }

  /** Sends it nothing new; what is in flight on it goes on. */
  eject(id: string): void {
    this.#upstreams.get(id)?.eject();
    this.#resize();
    if (this.#failure) this.#dismissIfHopeless(this.#failure);
  }

  /**
   * Sends it nothing new for a moment: something went wrong on a connection to it, and whoever knows whether it has
   * died is about to say so. Otherwise its next victim would be the request that waits for the slot just freed.
   */
  rest(id: string): void {
    const upstream = this.#upstreams.get(id);
    if (!upstream) return;
    upstream.rest();
    this.#resize();
    setTimeout(() => {
      upstream.wake();
      this.#resize();
    }, REST);
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
    for (const waiting of [...this.#waiting.keys()]) waiting.abort(error);
  }

  /** Refuses those that wait too, and those that would be tried again. */
  end(error: Error): void {
    this.#ended ??= error;
    this.dismiss(error);
  }

  /** Resolves when nothing waits or runs. */
  async whenIdle(): Promise<void> {
    await this.#queue.onIdle();
  }

  async #serve<T>(task: (lease: Lease) => Promise<T>): Promise<T> {
    const lease = this.#pick().lease();
    const since = performance.now();
    try {
      const result = await task(lease);
      this.#serviceTime.record(performance.now() - since);
      return result;
    } finally {
      lease.release();
      if (!lease.upstream.healthy) this.#resize();
    }
  }

  #pick(): LiveUpstream {
    const upstream = this.#policy.pick([...this.#upstreams.values()]);
    if (upstream) return upstream;
    throw new CorralError("CORRAL_INTERNAL", "a request was started with no slot free for it; please report this");
  }

  #slots(): number {
    return [...this.#upstreams.values()].reduce((sum, { healthy, slots }) => sum + (healthy ? slots : 0), 0);
  }

  /** Each task that runs holds one lease, so the queue may run as many as there are slots and leases beyond them. */
  #resize(): void {
    let leasesElsewhere = 0;
    for (const upstream of this.#upstreams.values()) {
      if (upstream.healthy) continue;
      if (!upstream.admitted && upstream.inFlight === 0) this.#upstreams.delete(upstream.id);
      leasesElsewhere += upstream.inFlight;
    }
    const slots = this.#slots();
    if (slots === 0) {
      this.#queue.pause();
      return;
    }
    this.#queue.concurrency = slots + leasesElsewhere;
    this.#queue.start();
  }

  #refuse(isNew: boolean): void {
    if (this.#ended) throw this.#ended;
    if (this.#closed && isNew) throw this.#closed;
    if (this.#failure && !this.hasUpstream) throw this.#failure;
    if (isNew && this.size >= this.#mayWait() && !this.#startsAtOnce()) throw this.#full();
  }

  #mayWait(): number {
    return this.#limit + Math.max(0, this.#expected - this.#slots());
  }

  #startsAtOnce(): boolean {
    return !this.#queue.isPaused && this.size === 0 && this.#queue.pending < this.#queue.concurrency;
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
      { facts: { limit: this.#limit, waiting, retryAfter: seconds } },
    );
  }
}
