import { EventEmitter, once } from "node:events";
import { rmdir } from "node:fs/promises";
import PQueue from "p-queue";
import type { Endpoint } from "../endpoint.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { CorralError } from "../errors.ts";
import type { Plan, WorkerPlan } from "../plan/plan.ts";
import { Backoff, type BackoffOptions } from "./backoff.ts";
import { Crashes } from "./blame.ts";
import { BREAKER_LIMITS, type BreakerLimits } from "./breaker.ts";
import { startError } from "./failure.ts";
import type { Journal } from "./journal.ts";
import type { Load } from "./load.ts";
import { afterFailedStart, type Repacking, repackingWarning } from "./repacking.ts";
import { Replica, type ReplicaWorld } from "./replica.ts";
import { Roster } from "./roster.ts";
import { Standing } from "./standing.ts";
import { StartGate } from "./start-gate.ts";
import type { Failure, WorkerState } from "./state.ts";
import { roll, type Step, transition } from "./transition.ts";
import { Worker, type WorkerHandle, type WorkerOptions } from "./worker.ts";

export type { WorkerOptions };

export interface SupervisorSetup {
  readonly engine: Engine;
  readonly program: Program;
  readonly plan: Plan;
  readonly options: WorkerOptions;
  /** A folder of this supervisor's own for keys and sockets. Made if missing, gone when it has closed. */
  readonly runDir: string;
  /** An existing folder for the engine's PromptStore. Default: none. */
  readonly promptDir?: string | undefined;
  /** Asked at each start of a worker, before it is ready. */
  readonly loadOf: (handle: WorkerHandle) => Load;
  /** Keeps what the workers write. */
  readonly journal: Journal;
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
  /** performance.now() of the last look that found it well. */
  readonly wellAt?: number;
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
 * Keeps the workers of one model alive. It owns which replicas there are; each replica owns its restarts, each worker
 * its process.
 */
export class Supervisor extends EventEmitter<SupervisorEvents> {
  readonly #setup: SupervisorSetup;
  readonly #gate: StartGate;
  readonly #world: ReplicaWorld;
  readonly #roster = new Roster();
  /** Aborts when all is to end. */
  readonly #over = new AbortController();
  /** Starts so far of each replica number, over all plans: ids are never used twice. */
  readonly #starts = new Map<number, number>();
  readonly #changes = new PQueue({ concurrency: 1 });
  readonly #standing = new Standing(
    {
      serves: () => this.#roster.all.some(serves),
      isGivenUp: () => this.#gate.isShut,
      isOver: () => this.#isOver,
    },
    { failed: (failure) => this.emit("failed", failure), recovered: () => this.emit("recovered") },
  );
  #plan: Plan;
  #repacking: Repacking = "planned";
  readonly #crashes = new Crashes();

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
      blamesRequests: () => this.#crashes.blameRequests(),
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
    try {
      await this.#standing.tryOut(() => this.scale(this.#plan), signal);
    } catch (error) {
      await this.destroy();
      throw error;
    }
  }

  /**
   * Goes over to another plan, which may have no workers: those whose plan is the same go on undisturbed, others are
   * drained and started anew one after the other. What runs in one goes on in another after `moveTimeout`; what can't do so
   * gets ten minutes, or what `close` leaves it. Resolves
   * when each new worker has been tried; calls come one after the other.
   *
   * @throws CorralError CORRAL_POOL_CLOSED
   */
  async scale(plan: Plan): Promise<void> {
    if (this.#isOver) throw closed();
    await this.#changes.add(() => this.#change(plan));
  }

  /**
   * Starts every worker anew, one after the other: of two or more all but one serve at any time, and of one the new one
   * serves before the old one ends, where memory has room for both. No request is lost. Resolves when all are new; waits
   * for a `scale` that is under way, and the other way round.
   *
   * @throws CorralError of the first worker that does not come to serve: those behind it go on as they are, and it is
   * tried again as any other; CORRAL_POOL_CLOSED
   */
  async restart(): Promise<void> {
    if (this.#isOver) throw closed();
    await this.#changes.add(() => this.#roll());
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
    return this.#roster.all.flatMap(({ worker, plan, restarts, lastFailure }) => {
      if (worker === null) return [];
      const { id, replica, pid, state, wellAt } = worker;
      const well = wellAt === null ? {} : { wellAt };
      return [{ id, replica, pid, state: state.name, cpus: plan.cpus, restarts, lastFailure, ...well }];
    });
  }

  async #change(next: Plan): Promise<void> {
    const steps = transition({ plan: this.#plan, workers: this.#roster.plans }, next);
    this.#plan = next;
    for (const step of steps) {
      await this.#take(step);
      await this.#endLeaving();
      if (this.#isOver) return;
    }
  }

  async #roll(): Promise<void> {
    // Who asks for a new start has mended what kept the last ones from it.
    this.#gate.forgive();
    const serving = new Set(this.#roster.current.filter(serves).map(({ plan }) => plan.replica));
    for (const step of roll({ plan: this.#plan, workers: this.#roster.plans }, serving)) {
      if (serving.has(step.start.replica)) await this.#untilOthersServe(step.start.replica);
      const replica = await this.#take(step);
      if (this.#isOver || replica === null) throw closed();
      if (!serves(replica)) {
        if (step.retireAfter.length > 0) await this.#roster.takeBack(replica);
        throw replica.lastFailure === null ? closed() : startError(replica.lastFailure);
      }
      await this.#endLeaving();
    }
  }

  /** @throws CorralError of a worker that fails instead, CORRAL_POOL_CLOSED */
  async #untilOthersServe(number: number): Promise<void> {
    const isMissing = (replica: Replica): boolean => replica.plan.replica !== number && !serves(replica);
    while (this.#roster.current.some(isMissing)) {
      const { state } = await this.#nextEvent();
      if (state.name === "failed") throw startError(state.failure);
    }
  }

  /** @throws CorralError CORRAL_POOL_CLOSED */
  async #nextEvent(): Promise<WorkerEvent> {
    try {
      const [event] = (await once(this, "worker", { signal: this.#over.signal })) as [WorkerEvent];
      return event;
    } catch {
      throw closed();
    }
  }

  /** @returns what it has started when that has been tried; null where there was nothing to start, or all ends */
  async #take({ retire, start, retireAfter }: Step): Promise<Replica | null> {
    this.#roster.setAside(retire);
    await this.#endLeaving();
    if (this.#isOver || start === null) return null;
    this.#roster.setAside(retireAfter);
    const replica = new Replica(start, this.#world);
    this.#roster.add(replica);
    await replica.tried;
    return replica;
  }

  async #endLeaving(): Promise<void> {
    await this.#roster.endLeaving(this.#plan.workers.length > 0);
  }

  async #end(how: "drain" | "kill"): Promise<void> {
    this.#over.abort();
    this.#standing.cut(closed());
    await Promise.all(this.#roster.all.map((replica) => replica.stop(how)));
    await this.#changes.onIdle();
    // Whatever else is in there is not ours to remove.
    await rmdir(this.#setup.runDir).catch(() => {});
  }

  #startWorker(plan: WorkerPlan): Worker {
    const { engine, program, options, runDir, promptDir = null, loadOf, journal } = this.#setup;
    const start = this.#starts.get(plan.replica) ?? 0;
    this.#starts.set(plan.replica, start + 1);
    const id = `${this.#plan.model.name}#${plan.replica}.${start}`;
    const worker = new Worker({
      id,
      start,
      engine,
      program,
      plan: this.#plan,
      worker: plan,
      noRepack: this.#repacking === "suspected",
      options,
      runDir,
      promptDir,
      loadOf,
      output: journal.open(id, plan.replica),
    });
    this.#crashes.count(worker);
    worker.on("state", (state) => {
      const { replica, pid, endpoint } = worker;
      this.emit("worker", { replica, start, id, pid, state, endpoint });
      this.#standing.look();
    });
    return worker;
  }

  #noteTried(failure: Failure | null): void {
    if (failure !== null) this.#repacking = afterFailedStart(this.#repacking, failure);
    this.#standing.tried(failure);
  }

  #suspectRepacking(failure: Failure): void {
    this.#repacking = "suspected";
    this.emit("warning", repackingWarning(failure));
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }
}

function serves({ worker }: Replica): boolean {
  return worker?.state.name === "ready";
}

function closed(): CorralError {
  return new CorralError("CORRAL_POOL_CLOSED", "the pool is closing or closed: make a new one");
}
