import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { PoolOptions, ResolvedPoolOptions } from "./config/pool-options.ts";
import { resolvePoolOptions } from "./config/resolve.ts";
import type { Program } from "./engine/engine.ts";
import { changesOf, limitsOf, type MachineLimits, watchLimits } from "./machine/watch.ts";
import type { ModelDescription } from "./model/description.ts";
import type { Plan } from "./plan/plan.ts";
import { ask, askEvents, askJson } from "./pool/ask.ts";
import { type Blueprint, draw, equip, nameOfPool, type PoolSetup, redraw } from "./pool/blueprint.ts";
import { closedError, failedError } from "./pool/errors.ts";
import { Fleet } from "./pool/fleet.ts";
import { readMachineWithout, redrawFor } from "./pool/follow-machine.ts";
import type {
  ChatChunk,
  ChatCompletion,
  ChatRequest,
  Completion,
  CompletionRequest,
  EmbeddingRequest,
  EmbeddingResponse,
} from "./pool/openai-types.ts";
import { makeRunDir, removeRunDir } from "./pool/run-dir.ts";
import { type Crew, Scaler } from "./pool/scaler.ts";
import { Tally } from "./pool/tally.ts";
import type {
  CallOptions,
  EngineMetrics,
  ExchangeFacts,
  Failure,
  Pool,
  PoolEvents,
  PoolRequest,
  PoolResponse,
  PoolState,
  PoolStats,
} from "./pool-types.ts";
import { exchange } from "./proxy/exchange.ts";
import type { Sink, UpstreamRequest } from "./proxy/sink.ts";
import { firstWorkers, scaleLimitsOf } from "./scale/limits.ts";
import { Supervisor } from "./worker/supervisor.ts";

export type { PoolSetup };

/**
 * A pool whose workers serve.
 * @throws CorralError CORRAL_BAD_OPTION, CORRAL_MODEL_*, CORRAL_DOES_NOT_FIT, CORRAL_BUILD_*, CORRAL_WORKER_FAILED;
 * the signal's reason. Nothing is left running then.
 */
export async function createPool(options: PoolOptions = {}, setup: PoolSetup = {}): Promise<Pool> {
  const pool = openPool(options, setup);
  try {
    await pool.ready();
    return pool;
  } catch (error) {
    await pool.destroy();
    throw error;
  }
}

/**
 * A pool that is being started: requests wait in its queue. For those who listen first and serve when they can.
 * @throws CorralError CORRAL_BAD_OPTION at once; all else is told by `ready()`
 */
export function openPool(options: PoolOptions = {}, setup: PoolSetup = {}): Pool {
  return new LivePool(resolvePoolOptions(options), setup);
}

/**
 * What a pool with these options would run. Nothing is started, built or converted.
 * @throws CorralError CORRAL_BAD_OPTION, CORRAL_MODEL_*, CORRAL_DOES_NOT_FIT
 */
export async function planPool(options: PoolOptions = {}): Promise<Plan> {
  return (await draw(resolvePoolOptions(options))).plan;
}

class LivePool extends EventEmitter<PoolEvents> implements Pool {
  readonly name: string;
  readonly #options: ResolvedPoolOptions;
  readonly #setup: PoolSetup;
  readonly #fleet: Fleet;
  readonly #scaler: Scaler;
  readonly #tally = new Tally();
  /** Aborts when the pool is to end: its start is given up, and the machine is watched no longer. */
  readonly #giveUp = new AbortController();
  readonly #started: Promise<void>;
  #state: Exclude<PoolState, "idle"> = "starting";
  /** What plans are made by: the options, or what `scale` made of them. */
  #wish: ResolvedPoolOptions;
  #blueprint: Blueprint | null = null;
  #runDir: string | null = null;
  #supervisor: Supervisor | null = null;
  #closing: Promise<void> | null = null;
  #destroying: Promise<void> | null = null;

  constructor(options: ResolvedPoolOptions, setup: PoolSetup) {
    super();
    this.name = nameOfPool(options);
    this.#options = options;
    this.#wish = options;
    this.#setup = setup;
    this.#fleet = new Fleet(options.queueLimit);
    this.#scaler = new Scaler({
      admission: this.#fleet.admission,
      run: async (plan) => this.#supervisor?.scale(plan),
      tell: (event) => this.emit("scaled", event),
    });
    this.#started = this.#start();
    this.#started.catch((error) => this.#fail(error));
  }

  get model(): ModelDescription | null {
    return this.#blueprint?.model ?? null;
  }

  get plan(): Plan | null {
    return this.#blueprint?.plan ?? null;
  }

  get state(): PoolState {
    return this.#state === "ready" && this.#scaler.isAsleep ? "idle" : this.#state;
  }

  get isReady(): boolean {
    if (this.#isClosing) return false;
    return this.#fleet.admission.hasUpstream || (this.#state === "ready" && this.#scaler.isServing);
  }

  ready(): Promise<void> {
    return this.#started;
  }

  chat(request: ChatRequest, options?: CallOptions): Promise<ChatCompletion> {
    return askJson(this, { path: "/v1/chat/completions", body: { ...request, stream: false } }, options);
  }

  chatStream(request: ChatRequest, options?: CallOptions): AsyncIterableIterator<ChatChunk> {
    return askEvents(this, { path: "/v1/chat/completions", body: { ...request, stream: true } }, options);
  }

  complete(request: CompletionRequest, options?: CallOptions): Promise<Completion> {
    return askJson(this, { path: "/v1/completions", body: { ...request, stream: false } }, options);
  }

  embed(request: EmbeddingRequest, options?: CallOptions): Promise<EmbeddingResponse> {
    return askJson(this, { path: "/v1/embeddings", body: request }, options);
  }

  request(request: PoolRequest, options?: CallOptions): Promise<PoolResponse> {
    return ask(this, request, options);
  }

  async exchange(request: UpstreamRequest, sink: Sink, { signal }: CallOptions = {}): Promise<ExchangeFacts> {
    const { admission, connections } = this.#fleet;
    const answer = exchange(request, sink, { admission, connections, signal });
    this.#scaler.enter();
    const facts = await answer.finally(() => this.#scaler.leave());
    this.#tally.add(facts);
    const [path = ""] = request.path.split("?", 1);
    this.emit("request", { ...facts, pool: this.name, method: request.method, path });
    return facts;
  }

  stats(): PoolStats {
    const workers = this.#supervisor?.snapshot() ?? [];
    return {
      name: this.name,
      state: this.state,
      ...this.#fleet.stats(workers),
      ...this.#tally.snapshot(),
      restarts: workers.reduce((sum, { restarts }) => sum + restarts, 0),
    };
  }

  measure(): Promise<void> {
    return this.#fleet.measure(this.#supervisor?.snapshot() ?? []);
  }

  scrape(): Promise<readonly EngineMetrics[]> {
    return this.#fleet.scrape(this.#supervisor?.snapshot() ?? []);
  }

  async scale(workers: number | "auto"): Promise<void> {
    await this.#started;
    if (this.#isClosing || !this.#blueprint) throw closedError(this.name);
    const fixed = { workers, minWorkers: "auto", maxWorkers: "auto" } as const;
    const wish = workers === "auto" ? this.#options : { ...this.#options, ...fixed };
    this.#blueprint = redraw(this.#blueprint, wish, this.#blueprint.machine);
    this.#wish = wish;
    const crew = this.#crewOf(this.#blueprint.plan);
    await this.#scaler.adopt(crew, "asked", firstWorkers(wish, crew.limits));
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain().then(() => this.#end((supervisor) => supervisor.close()));
    return this.#closing;
  }

  destroy(): Promise<void> {
    this.#destroying ??= this.#end((supervisor) => supervisor.destroy());
    this.#closing ??= this.#destroying;
    return this.#destroying;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    const { signal: outer } = this.#setup;
    const signal = AbortSignal.any([this.#giveUp.signal, ...(outer ? [outer] : [])]);
    signal.throwIfAborted();
    this.#blueprint = await draw(this.#options, this.#setup);
    this.emit("planned", this.#blueprint.plan);
    const { blueprint, program } = await equip(this.#blueprint, this.#options, this.#setup, signal);
    this.#blueprint = blueprint;
    for (const sentence of program.warnings) this.emit("warning", sentence);
    this.#runDir = await makeRunDir();
    signal.throwIfAborted();
    const crew = this.#crewOf(blueprint.plan);
    const workers = firstWorkers(this.#options, crew.limits);
    this.#supervisor = this.#supervise(blueprint, workers, program, this.#runDir);
    await this.#supervisor.start(signal);
    if (this.#state === "starting") this.#state = "ready";
    this.#scaler.begin(crew, workers);
    this.#followMachine(limitsOf(blueprint.machine));
  }

  #crewOf(plan: Plan): Crew {
    return { plan, limits: scaleLimitsOf(this.#wish, plan) };
  }

  #supervise({ chosen, plan }: Blueprint, workers: number, program: Program, runDir: string): Supervisor {
    const supervisor = new Supervisor({
      engine: chosen.engine,
      program,
      plan: { ...plan, workers: plan.workers.slice(0, workers) },
      options: this.#options,
      runDir,
      loadOf: (start) => this.#fleet.enlist(start),
    });
    supervisor.on("worker", (event) => {
      this.#fleet.follow(event);
      this.#scaler.look();
      this.emit("worker", event);
    });
    supervisor.on("warning", (sentence) => this.emit("warning", sentence));
    supervisor.on("failed", (failure) => {
      this.#fail(failure);
      this.emit("failed", failure);
    });
    supervisor.on("recovered", () => {
      this.#recover();
      this.emit("recovered");
    });
    return supervisor;
  }

  /** From now on, until the pool ends. */
  #followMachine(limits: MachineLimits): void {
    const { machine, machineRoot: root } = this.#setup;
    if (machine !== undefined) return;
    const { signal } = this.#giveUp;
    void watchLimits(limits, (now, before) => this.#replan(changesOf(before, now)), { root, signal });
  }

  /** Goes over to what suits the machine as it is now. Resolves when that is decided. */
  async #replan(changes: readonly string[]): Promise<void> {
    const pids = this.#supervisor?.snapshot().flatMap(({ pid }) => pid ?? []) ?? [];
    const machine = await readMachineWithout(pids, this.#setup.machineRoot);
    if (this.#isClosing || this.#blueprint === null) return;
    const redrawn = redrawFor(machine, this.#blueprint, this.#wish, changes);
    if (redrawn.kind !== "same") this.emit("warning", redrawn.sentence);
    if (redrawn.kind === "does-not-fit") return;
    this.#blueprint = redrawn.blueprint;
    if (redrawn.kind === "same") return;
    this.emit("planned", redrawn.blueprint.plan);
    // It fails only where the pool closes.
    this.#scaler.adopt(this.#crewOf(redrawn.blueprint.plan), "machine").catch(() => {});
  }

  #fail(why: Failure | Error): void {
    if (this.#isClosing) return;
    this.#state = "failed";
    this.#fleet.admission.fail(failedError(this.name, why));
  }

  #recover(): void {
    if (this.#isClosing) return;
    this.#state = "ready";
    this.#fleet.admission.recover();
  }

  /** Lets those that wait or run finish, as long as there is a worker to serve them and `drainTimeout` allows. */
  async #drain(): Promise<void> {
    this.#state = "closing";
    const { admission } = this.#fleet;
    admission.close(closedError(this.name));
    if (!admission.hasUpstream && !this.#scaler.isServing) return;
    const idle = new AbortController();
    const limit = sleep(this.#options.drainTimeout, undefined, { signal: idle.signal }).catch(() => {});
    await Promise.race([admission.whenIdle(), limit]);
    idle.abort();
  }

  async #end(stop: (supervisor: Supervisor) => Promise<void>): Promise<void> {
    this.#state = "closing";
    const error = closedError(this.name);
    this.#scaler.end();
    this.#fleet.end(error);
    this.#giveUp.abort(error);
    await this.#started.catch(() => {});
    if (this.#supervisor) await stop(this.#supervisor);
    await this.#fleet.connections.destroyAll();
    if (this.#runDir) await removeRunDir(this.#runDir);
    this.#state = "closed";
  }

  get #isClosing(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }
}
