import { EventEmitter } from "node:events";
import { rmdir } from "node:fs/promises";
import PQueue from "p-queue";
import type { Endpoint } from "../endpoint.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { CorralError } from "../errors.ts";
import type { Plan, WorkerPlan } from "../plan/plan.ts";
import { Backoff, type BackoffOptions } from "./backoff.ts";
import { BREAKER_LIMITS, type BreakerLimits } from "./breaker.ts";
import { isDefinite, startError } from "./failure.ts";
import type { Load } from "./load.ts";
import { afterFailedStart, type Repacking, repackingWarning } from "./repacking.ts";
import { Replica, type ReplicaWorld } from "./replica.ts";
import { StartGate } from "./start-gate.ts";
import type { Failure, WorkerState } from "./state.ts";
import { transition } from "./transition.ts";
import { Worker, type WorkerHandle, type WorkerOptions } from "./worker.ts";

export type { WorkerOptions };

export interface SupervisorSetup {
  readonly engine: Engine;
  readonly program: Program;
  readonly plan: Plan;
  readonly options: WorkerOptions;
  /** A folder of this supervisor's own for keys and sockets. Made if missing, gone when it has closed. */
  readonly runDir: string;
  /** Asked at each start of a worker, before it is ready. */
  readonly loadOf: (handle: WorkerHandle) => Load;
  /** Times of the restarts. Defaults: backoff.ts, breaker.ts, and a minute of being ready to forget failures. */
  readonly restarts?: { backoff?: BackoffOptions; breaker?: Partial<BreakerLimits>; stableTime?: number };
}

export interface WorkerEvent {
  readonly replica: number;
  /** How often this replica had been started before. */
  readonly start: number;
  /** `${model}#${replica}.${start}` */
  readonly id: string;
  readonly pid: number | null;
  readonly state: WorkerState;
  readonly endpoint: Endpoint | null;
}

/** Plain data. */
export interface WorkerSnapshot {
  readonly id: string;
  readonly replica: number;
  readonly pid: number | null;
  readonly state: WorkerState["name"];
  readonly cpus: readonly number[];
  /** Starts after the first. */
  readonly restarts: number;
  /** In one sentence; null where it has not failed. */
  readonly lastFailure: Failure | null;
}

export interface SupervisorEvents {
  /** A worker changed its state. */
  worker: [WorkerEvent];
  /** No worker serves, and none is started for a while. */
  failed: [Failure];
  /** A worker serves again. */
  recovered: [];
  /** What a person should know. */
  warning: [string];
}

const STABLE_TIME = 60_000;

/**
 * Milliseconds for running requests where a worker ends because the plan changes: nobody asked for the requests to end,
 * so that they get the time of a long answer, and not a stop's `drainTimeout`.
 */
const LONG_ANSWER = 600_000;

/**
 * Keeps the workers of one model alive. It owns which replicas there are; each replica owns its restarts, each worker
 * its process.
 */
export class Supervisor extends EventEmitter<SupervisorEvents> {
  readonly #setup: SupervisorSetup;
  readonly #gate: StartGate;
  readonly #world: ReplicaWorld;
  readonly #replicas = new Map<number, Replica>();
  /** Those that serve until their successor does. */
  readonly #leaving = new Set<Replica>();
  /** Starts so far of each replica number, over all plans: ids are never used twice. */
  readonly #starts = new Map<number, number>();
  readonly #changes = new PQueue({ concurrency: 1 });
  #plan: Plan;
  #repacking: Repacking = "planned";
  /** While start() waits. */
  #trial: { resolve(): void; reject(error: unknown): void } | null = null;
  #isOver = false;
  #isDown = false;
  #lastFailure: Failure | null = null;

  constructor(setup: SupervisorSetup) {
    super();
    const { backoff, breaker, stableTime = STABLE_TIME } = setup.restarts ?? {};
    this.#setup = setup;
    this.#plan = setup.plan;
    this.#gate = new StartGate({ ...BREAKER_LIMITS, ...breaker });
    this.#world = {
      gate: this.#gate,
      backoff: new Backoff(backoff),
      stableTime,
      startWorker: (plan) => this.#startWorker(plan),
      mayBeRepacking: () => this.#plan.repack && this.#repacking === "planned",
      suspectRepacking: (failure) => this.#suspectRepacking(failure),
      tried: (failure) => this.#noteTried(failure),
    };
  }

  /**
   * Starts all workers, one after the other. Resolves when each has been tried and at least one serves.
   *
   * @throws CorralError CORRAL_MODEL_*, CORRAL_BAD_OPTION or CORRAL_WORKER_FAILED (facts.failure) when none does and
   * none will, CORRAL_POOL_CLOSED, or the signal's reason; then nothing is left of it.
   */
  async start(signal?: AbortSignal): Promise<void> {
    const oneServes = new Promise<void>((resolve, reject) => {
      this.#trial = { resolve, reject };
    });
    // Also rejected where nobody waits for it yet.
    oneServes.catch(() => {});
    const abort = (): void => this.#trial?.reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      signal?.throwIfAborted();
      await Promise.all([oneServes, this.scale(this.#plan)]);
    } catch (error) {
      await this.destroy();
      throw error;
    } finally {
      this.#trial = null;
      signal?.removeEventListener("abort", abort);
    }
    this.#announce();
  }

  /**
   * Goes over to another plan, which may have no workers: those whose plan is the same go on undisturbed, others are
   * drained and started anew one after the other. What runs in one gets ten minutes, or what `close` leaves it. Resolves
   * when each new worker has been tried; calls come one after the other.
   *
   * @throws CorralError CORRAL_POOL_CLOSED
   */
  async scale(plan: Plan): Promise<void> {
    if (this.#isOver) throw closed();
    await this.#changes.add(() => this.#change(plan));
  }

  /** Drains all workers at once. Resolves when nothing is left: no process, socket or key. Idempotent. */
  close(): Promise<void> {
    return this.#end("drain");
  }

  /** Ends all workers now; cuts a `close` short. Idempotent. */
  destroy(): Promise<void> {
    return this.#end("kill");
  }

  snapshot(): WorkerSnapshot[] {
    return this.#all.flatMap(({ worker, plan, restarts, lastFailure }) => {
      if (worker === null) return [];
      const { id, replica, pid, state } = worker;
      return [{ id, replica, pid, state: state.name, cpus: plan.cpus, restarts, lastFailure }];
    });
  }

  async #change(next: Plan): Promise<void> {
    const workers = [...this.#replicas.values()].map(({ plan }) => plan);
    const steps = transition({ plan: this.#plan, workers }, next);
    this.#plan = next;
    for (const { retire, start, retireAfter } of steps) {
      await this.#retire(retire);
      if (this.#isOver) return;
      if (start === null) continue;
      this.#setAside(retireAfter);
      const replica = new Replica(start, this.#world);
      this.#replicas.set(start.replica, replica);
      await replica.tried;
      await this.#retireLeaving();
      if (this.#isOver) return;
    }
  }

  async #retire(numbers: readonly number[]): Promise<void> {
    this.#setAside(numbers);
    await this.#retireLeaving();
  }

  /** Their numbers may be given to others; they go on. */
  #setAside(numbers: readonly number[]): void {
    for (const number of numbers) {
      const replica = this.#replicas.get(number);
      if (replica === undefined) continue;
      this.#leaving.add(replica);
      this.#replicas.delete(number);
    }
  }

  async #retireLeaving(): Promise<void> {
    const retired = [...this.#leaving].map(async (replica) => {
      await replica.stop("drain", LONG_ANSWER);
      this.#leaving.delete(replica);
    });
    await Promise.all(retired);
  }

  async #end(how: "drain" | "kill"): Promise<void> {
    this.#isOver = true;
    this.#trial?.reject(closed());
    await Promise.all(this.#all.map((replica) => replica.stop(how)));
    await this.#changes.onIdle();
    // Whatever else is in there is not ours to remove.
    await rmdir(this.#setup.runDir).catch(() => {});
  }

  #startWorker(plan: WorkerPlan): Worker {
    const { engine, program, options, runDir, loadOf } = this.#setup;
    const start = this.#starts.get(plan.replica) ?? 0;
    this.#starts.set(plan.replica, start + 1);
    const worker = new Worker({
      id: `${this.#plan.model.name}#${plan.replica}.${start}`,
      start,
      engine,
      program,
      plan: this.#plan,
      worker: plan,
      noRepack: this.#repacking === "suspected",
      options,
      runDir,
      loadOf,
    });
    worker.on("state", (state) => {
      const { replica, id, pid, endpoint } = worker;
      this.emit("worker", { replica, start, id, pid, state, endpoint });
      this.#announce();
    });
    return worker;
  }

  #noteTried(failure: Failure | null): void {
    if (failure === null) {
      this.#trial?.resolve();
    } else {
      this.#lastFailure = failure;
      this.#repacking = afterFailedStart(this.#repacking, failure);
      if (!this.#serves && (isDefinite(failure) || this.#gate.isShut)) this.#trial?.reject(startError(failure));
    }
    this.#announce();
  }

  #suspectRepacking(failure: Failure): void {
    this.#repacking = "suspected";
    this.emit("warning", repackingWarning(failure));
  }

  get #serves(): boolean {
    return this.#all.some(({ worker }) => worker?.state.name === "ready");
  }

  get #all(): Replica[] {
    return [...this.#leaving, ...this.#replicas.values()];
  }

  /** Tells when the model is given up and when it is back; what start() itself tells is not told twice. */
  #announce(): void {
    if (this.#trial !== null || this.#isOver) return;
    const isDown = this.#gate.isShut && !this.#serves;
    if (isDown === this.#isDown || this.#lastFailure === null) return;
    // A start that is tried does not make it whole: only a worker that serves does.
    if (!isDown && !this.#serves) return;
    this.#isDown = isDown;
    if (isDown) this.emit("failed", this.#lastFailure);
    else this.emit("recovered");
  }
}

function closed(): CorralError {
  return new CorralError("CORRAL_POOL_CLOSED", "the pool is closing or closed: make a new one");
}
