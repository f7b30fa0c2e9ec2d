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
  /**
   * Id of the upstream that could not take the request just now. It was admitted before, so it goes first, is not
   * refused for a full queue, and goes elsewhere where there is an elsewhere.
   */
  readonly after?: string | undefined;
}

/**
 * The bounded queue in front of the upstreams. An upstream is chosen when a slot is free and not before (late binding):
 * a request never waits at a busy worker while another is idle.
 *
 * As many tasks run as healthy upstreams have slots, and those still in flight on ejected ones run on beside them.
 * With no healthy upstream requests wait, unless `fail` has said that waiting is in vain.
 */
export class Admission {
  readonly #queue = new PQueue({ autoStart: false });
  readonly #policy: Policy;
  readonly #limit: number;
  readonly #upstreams = new Map<string, LiveUpstream>();
  readonly #waiting = new Set<AbortController>();
  readonly #serviceTime = new ServiceTime();
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

  get hasHealthy(): boolean {
    return this.#healthy().length > 0;
  }

  /**
   * Runs the task with a lease on one slot, which is freed when the task settles.
   * @throws CorralError CORRAL_QUEUE_FULL with facts { limit, waiting, retryAfter (seconds) }; the error given to
   * `fail` or `close`; the signal's reason
   */
  async run<T>(task: (lease: Lease) => Promise<T>, { signal, after }: RunOptions = {}): Promise<T> {
    signal?.throwIfAborted();
    this.#refuse(after === undefined);
    const waiting = new AbortController();
    const leave = (): void => waiting.abort(signal?.reason);
    const stopWaiting = (): void => {
      this.#waiting.delete(waiting);
      signal?.removeEventListener("abort", leave);
    };
    this.#waiting.add(waiting);
    signal?.addEventListener("abort", leave, { once: true });
    const start = (): Promise<T> => {
      stopWaiting();
      return this.#serve(task, after);
    };
    try {
      return await this.#queue.add(start, { signal: waiting.signal, priority: after === undefined ? 0 : 1 });
    } finally {
      stopWaiting();
    }
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

  /** From now on requests that find no healthy upstream are refused instead of waiting. */
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

  /** Refuses those that wait too, and those that would be tried again. */
  end(error: Error): void {
    this.#ended ??= error;
    this.#dismiss(error);
  }

  /** Resolves when nothing waits or runs. */
  async whenIdle(): Promise<void> {
    await this.#queue.onIdle();
  }

  async #serve<T>(task: (lease: Lease) => Promise<T>, after: string | undefined): Promise<T> {
    const lease = this.#pick(after).lease();
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

  #pick(after: string | undefined): LiveUpstream {
    const healthy = this.#healthy();
    const others = after === undefined ? healthy : healthy.filter(({ id }) => id !== after);
    const upstream = this.#policy.pick(others) ?? this.#policy.pick(healthy);
    if (upstream) return upstream;
    throw new CorralError("CORRAL_INTERNAL", "a request was started with no slot free for it; please report this");
  }

  #healthy(): LiveUpstream[] {
    return [...this.#upstreams.values()].filter(({ healthy }) => healthy);
  }

  #slots(): number {
    return this.#healthy().reduce((sum, { slots }) => sum + slots, 0);
  }

  /** Each task that runs holds one lease, so the queue may run as many as there are slots and leases beyond them. */
  #resize(): void {
    let leasesElsewhere = 0;
    for (const upstream of this.#upstreams.values()) {
      if (upstream.healthy) continue;
      if (upstream.inFlight === 0) this.#upstreams.delete(upstream.id);
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
    if (this.#failure && !this.hasHealthy) throw this.#failure;
    if (isNew && this.size >= this.#limit && !this.#startsAtOnce()) throw this.#full();
  }

  #startsAtOnce(): boolean {
    return !this.#queue.isPaused && this.size === 0 && this.#queue.pending < this.#queue.concurrency;
  }

  #dismissIfHopeless(error: Error): void {
    if (!this.hasHealthy) this.#dismiss(error);
  }

  #dismiss(error: Error): void {
    for (const waiting of [...this.#waiting]) waiting.abort(error);
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
