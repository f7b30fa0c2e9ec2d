import { setTimeout as sleep } from "node:timers/promises";
import { makesSuspects } from "../loss.ts";
import type { WorkerPlan } from "../plan/plan.ts";
import type { Backoff } from "./backoff.ts";
import { causeOf } from "./failure.ts";
import { retryAfter } from "./retry.ts";
import type { StartGate } from "./start-gate.ts";
import type { Failure } from "./state.ts";
import type { Worker } from "./worker.ts";

/** What a replica asks of its supervisor. */
export interface ReplicaWorld {
  readonly gate: StartGate;
  readonly backoff: Backoff;
  /** Milliseconds of being ready after which earlier failures are forgotten. */
  readonly stableTime: number;
  /** Makes and starts the next worker. */
  startWorker(plan: WorkerPlan): Worker;
  /** Whether workers repack their weights, and doing without has not been tried yet. */
  mayBeRepacking(): boolean;
  suspectRepacking(failure: Failure): void;
  /** A worker died of itself with requests in it. @returns whether that is put down to them */
  blamesRequests(): boolean;
  /** A start has led somewhere. Null: it is ready. */
  tried(failure: Failure | null): void;
}

/** The n-th worker of a model: started, and started again whenever its process ends by itself. */
export class Replica {
  readonly plan: WorkerPlan;
  /** Resolves when the first start has led to a ready worker or a failure, or it was stopped before. */
  readonly tried: Promise<void>;
  readonly #world: ReplicaWorld;
  readonly #stopped = new AbortController();
  readonly #done: Promise<void>;
  #worker: Worker | null = null;
  #starts = 0;
  #lastFailure: Failure | null = null;
  #backoff: Backoff;
  #takenAddresses = 0;
  #readyAt = 0;
  #wasTried: () => void = () => {};

  constructor(plan: WorkerPlan, world: ReplicaWorld) {
    this.plan = plan;
    this.#world = world;
    this.#backoff = world.backoff;
    this.tried = new Promise((resolve) => {
      this.#wasTried = resolve;
    });
    this.#done = this.#keepAlive();
  }

  /** The latest; null before the first. */
  get worker(): Worker | null {
    return this.#worker;
  }

  /** Starts after the first. */
  get restarts(): number {
    return Math.max(0, this.#starts - 1);
  }

  get lastFailure(): Failure | null {
    return this.#lastFailure;
  }

  /**
   * Ends the worker and starts no other. Resolves when nothing is left. "kill" after "drain" cuts it short.
   * @param limit of a drain, and `canMove`: see Worker.drain
   */
  async stop(how: "drain" | "kill", limit?: number, canMove?: boolean): Promise<void> {
    this.#stopped.abort();
    await (how === "drain" ? this.#worker?.drain(limit, canMove) : this.#worker?.kill());
    await this.#done;
  }

  async #keepAlive(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const worker = await this.#startInTurn();
      if (worker !== null) await this.#outlive(worker);
    }
    this.#wasTried();
  }

  /**
   * Starts the next worker when its turn comes. The turn includes what is learned from a failure, so that the next in
   * line finds the gate as this start has left it.
   *
   * @returns the worker when it is ready; null when it is not, or when stopped before
   */
  async #startInTurn(): Promise<Worker | null> {
    let pause = 0;
    const turn = async (): Promise<Worker | null> => {
      const worker = this.#world.startWorker(this.plan);
      this.#worker = worker;
      this.#starts += 1;
      if (await worker.settled) {
        this.#noteReady();
        return worker;
      }
      const end = await worker.ended;
      if (end.name === "failed") pause = this.#noteFailure(end.failure);
      return null;
    };
    try {
      return await this.#world.gate.enter(turn, this.#stopped.signal);
    } catch {
      return null;
    } finally {
      await this.#rest(pause);
    }
  }

  /** Waits for the end of a worker that was ready. */
  async #outlive(worker: Worker): Promise<void> {
    const end = await worker.ended;
    if (end.name === "stopped") return;
    if (performance.now() - this.#readyAt >= this.#world.stableTime) this.#backoff = this.#backoff.reset();
    await this.#rest(this.#noteFailure(end.failure));
  }

  #noteReady(): void {
    this.#readyAt = performance.now();
    this.#takenAddresses = 0;
    this.#world.gate.noteReady();
    this.#world.tried(null);
    this.#wasTried();
  }

  /** @returns milliseconds to wait before the next start */
  #noteFailure(failure: Failure): number {
    const { gate, mayBeRepacking, blamesRequests } = this.#world;
    const hasSuspects = failure.wasReady && failure.requests > 0 && makesSuspects(causeOf(failure));
    const facts = {
      mayBeRepacking: mayBeRepacking(),
      isOnRequests: hasSuspects && blamesRequests(),
      takenAddresses: this.#takenAddresses,
    };
    const retry = retryAfter(failure, facts);
    this.#lastFailure = failure;
    if (failure.reason === "port-taken") this.#takenAddresses += 1;
    if (retry.kind === "without-repacking") this.#world.suspectRepacking(failure);
    if (retry.kind !== "later") return 0;
    if (!retry.counts) return this.#backoff.reset().delay;
    const { delay } = this.#backoff;
    this.#backoff = this.#backoff.next();
    gate.noteFailure();
    this.#world.tried(failure);
    this.#wasTried();
    return delay;
  }

  async #rest(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.#stopped.signal }).catch(() => {});
  }
}
