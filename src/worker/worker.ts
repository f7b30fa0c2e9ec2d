import { EventEmitter } from "node:events";
import type { ResolvedPoolOptions } from "../config/pool-options.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Ending, Engine, FailureReason, Program } from "../engine/engine.ts";
import type { Plan, WorkerPlan } from "../plan/plan.ts";
import { slept } from "../slept.ts";
import { type Address, openAddress } from "./address.ts";
import { workerEnvironment } from "./environment.ts";
import { drained, lossOf, toFailure } from "./failure.ts";
import { launch } from "./launch.ts";
import { findLaunchTools } from "./launch-tools.ts";
import type { Load } from "./load.ts";
import { lookAfter } from "./look-after.ts";
import { readOomKills } from "./oom.ts";
import { patience } from "./patience.ts";
import { type ProcessEnd, type RunningProcess, startProcess } from "./process.ts";
import type { Ring } from "./ring.ts";
import type { Failure, Fault, WorkerState } from "./state.ts";

/** What the worker room needs of a pool's options. */
export type WorkerOptions = Pick<
  ResolvedPoolOptions,
  | "transport"
  | "args"
  | "startTimeout"
  | "probeInterval"
  | "probeTimeout"
  | "stallTimeout"
  | "drainTimeout"
  | "moveTimeout"
  | "killTimeout"
>;

/** One start of a replica, as the pool gets to know it. */
export interface WorkerHandle {
  /** `${model}#${replica}.${start}`: unique in its pool. */
  readonly id: string;
  readonly replica: number;
  /** How often this replica had been started before. */
  readonly start: number;
  readonly endpoint: Endpoint;
  /** Requests it works on at once. */
  readonly slots: number;
}

export interface WorkerSetup {
  readonly id: string;
  readonly start: number;
  readonly engine: Engine;
  readonly program: Program;
  readonly plan: Plan;
  readonly worker: WorkerPlan;
  readonly noRepack: boolean;
  readonly options: WorkerOptions;
  /** A folder for keys and sockets; need not exist. */
  readonly runDir: string;
  /** For the engine's PromptStore. */
  readonly promptDir: string | null;
  readonly loadOf: (handle: WorkerHandle) => Load;
  /** For what it writes. */
  readonly output: Ring;
}

/** Milliseconds. */
const MOVE_INTERVAL = 1_000;
/** Of its output in a failure. */
const LAST_LINES = 100;

export type Ended = Extract<WorkerState, { name: "stopped" | "failed" }>;

/**
 * One process from its start to its end: starting -> ready -> draining -> stopped, or failed. It is the only owner of
 * its state; others ask for an outcome (`drain`, `kill`) and listen. Nothing here rejects: a failure is a state.
 */
export class Worker extends EventEmitter<{ state: [WorkerState] }> {
  readonly id: string;
  readonly replica: number;
  readonly start: number;
  /** The state it ended in, when nothing of it is left: no process, no socket, no key. */
  readonly ended: Promise<Ended>;
  /** Resolves to true when it serves, to false when it ended before. */
  readonly settled: Promise<boolean>;
  readonly #setup: WorkerSetup;
  /** Aborts when the process has ended, or is to end: probing stops. */
  readonly #over = new AbortController();
  /** Aborts when the running requests of a drain have had their time. */
  readonly #timeIsUp = new AbortController();
  #settle: (isReady: boolean) => void = () => {};
  #state: WorkerState = { name: "starting", since: performance.now(), pid: null };
  #endpoint: Endpoint | null = null;
  #process: RunningProcess | null = null;
  #load: Load | null = null;
  #wellAt: number | null = null;
  /** Whether its process was told to. */
  #isSignalled = false;
  /** Why it was told to end, if it was. */
  #order: "drain" | "kill" | Fault | null = null;
  /** Requests in it when it was given up. */
  #requests = 0;

  constructor(setup: WorkerSetup) {
    super();
    this.#setup = setup;
    this.id = setup.id;
    this.replica = setup.worker.replica;
    this.start = setup.start;
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.ended = this.#live();
  }

  get state(): WorkerState {
    return this.#state;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** performance.now() of the last look that found it well; null before. */
  get wellAt(): number | null {
    return this.#wellAt;
  }

  /** Requests answered in full. */
  get served(): number {
    return this.#load?.served ?? 0;
  }

  /** Null until it has an address. */
  get endpoint(): Endpoint | null {
    return this.#endpoint;
  }

  /**
   * Lets running requests finish, cuts the others, ends the process. Resolves when it is gone. Of several calls the one
   * whose limit is over first counts.
   * @param limit milliseconds for the running requests. Default `drainTimeout`
   * @param canMove whether there are, or will be, others for them to go on in: those that can do so after `moveTimeout`
   */
  async drain(limit: number = this.#setup.options.drainTimeout, canMove = false): Promise<void> {
    const isFirst = this.#order === null && !this.#isOver;
    if (isFirst) this.#order = "drain";
    if (this.#order === "drain") this.#limitDrain(limit);
    if (isFirst && canMove) void this.#moveRequests();
    if (isFirst) await this.#drain();
    await this.ended;
  }

  /** Ends the process now, whatever it does; cuts a `drain` short. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.#isOver) {
      this.#order ??= "kill";
      // Before the process goes: callers are to hear why, and not of a broken connection.
      this.#load?.cut(drained(this.id));
      this.#end();
    }
    await this.ended;
  }

  /** The whole life. */
  async #live(): Promise<Ended> {
    const { id, replica, start } = this;
    const { engine, options, loadOf, runDir, plan, output } = this.#setup;
    let address: Address | null = null;
    let state: Ended;
    try {
      const oomKills = await readOomKills();
      address = await openAddress({ runDir, name: `${replica}.${start}`, transport: options.transport });
      this.#endpoint = address.endpoint;
      this.#load = loadOf({ id, replica, start, endpoint: address.endpoint, slots: plan.slots });
      if (this.#order === null) {
        const process = await this.#spawn(address);
        process.ended.then(() => this.#over.abort());
        await this.#serve(process, address.endpoint, this.#load);
        const end = await process.ended;
        state = this.#conclude(await this.#ending(end, output.lines().slice(-LAST_LINES), oomKills), engine);
      } else {
        state = { name: "stopped", since: performance.now() };
      }
    } catch (error) {
      state = this.#conclude({ ...NO_ENDING, tail: [String(error)] }, engine, "could-not-start");
    } finally {
      this.#over.abort();
      await address?.remove().catch(() => {});
    }
    this.#become(state);
    this.#settle(false);
    return state;
  }

  async #spawn({ endpoint, keyFile }: Address): Promise<RunningProcess> {
    const { engine, program, plan, worker, promptDir, noRepack, options, output } = this.#setup;
    const { args: extraArgs } = options;
    const command = engine.commandLine(program, { plan, worker, endpoint, keyFile, promptDir, noRepack, extraArgs });
    const tools = await findLaunchTools(worker.node);
    const env = workerEnvironment(process.env, command.env);
    // Not where corral was started: that folder might be unmounted, and a core dump does not belong there.
    const running = startProcess(launch(command, worker, tools), env, "/", output);
    this.#process = running;
    if (this.#order !== null) running.kill("SIGKILL");
    if (running.pid !== null) this.#become({ name: "starting", since: performance.now(), pid: running.pid });
    return running;
  }

  /** Until the process ends or is told to. */
  async #serve({ pid }: RunningProcess, endpoint: Endpoint, load: Load): Promise<void> {
    if (pid === null) return;
    const { engine, options } = this.#setup;
    await lookAfter({ pid, endpoint, load, readPulse: engine.readPulse, options }, this.#over.signal, {
      ready: () => {
        this.#become({ name: "ready", since: performance.now(), pid, suspect: false });
        this.#settle(true);
      },
      well: () => {
        this.#wellAt = performance.now();
      },
      suspect: (suspect) => {
        if (this.#state.name === "ready") this.#become({ ...this.#state, suspect });
      },
      lost: (fault) => this.#giveUp(fault),
    });
  }

  /** Callers are told at once; SIGKILL works on a stopped process, SIGTERM does not. A drain need not wait for it. */
  #giveUp(reason: Fault): void {
    if (this.#order !== null && this.#order !== "drain") return;
    this.#requests = this.#load?.inFlight ?? 0;
    this.#order ??= reason;
    this.#load?.cut(lossOf(this.id, { reason, exitCode: null, signal: null }));
    this.#end();
  }

  #end(): void {
    this.#isSignalled = true;
    this.#over.abort();
    this.#process?.kill("SIGKILL");
  }

  #limitDrain(ms: number): void {
    const { signal } = patience(ms, this.#over.signal);
    signal.addEventListener("abort", () => this.#timeIsUp.abort(signal.reason));
    if (signal.aborted) this.#timeIsUp.abort(signal.reason);
  }

  async #drain(): Promise<void> {
    const { killTimeout } = this.#setup.options;
    const { pid } = this;
    if (pid !== null) this.#become({ name: "draining", since: performance.now(), pid });
    const gone = new AbortController();
    this.#process?.ended.then(() => gone.abort());
    await this.#untilIdle();
    this.#over.abort();
    this.#isSignalled = true;
    // A second SIGTERM would make the engine exit without its farewells, and while requests run it ignores the first.
    this.#process?.kill("SIGTERM");
    const limit = patience(killTimeout, gone.signal);
    limit.signal.addEventListener("abort", () => this.#process?.kill("SIGKILL"));
    await this.ended.finally(() => limit.end());
  }

  /** Asked again and again: what can't move now may do so later. */
  async #moveRequests(): Promise<void> {
    const { signal } = this.#over;
    await slept(this.#setup.options.moveTimeout, signal);
    while (!signal.aborted) {
      this.#load?.move(drained(this.id));
      await slept(MOVE_INTERVAL, signal);
    }
  }

  async #untilIdle(): Promise<void> {
    try {
      await this.#load?.whenIdle(this.#timeIsUp.signal);
    } catch {
      this.#load?.cut(drained(this.id));
    }
  }

  async #ending(end: ProcessEnd, tail: string[], oomKillsBefore: number | null): Promise<Ending> {
    const { exitCode, signal, startError } = end;
    if (startError !== null) throw startError;
    const mayBeOom = this.#order === null && (signal === "SIGKILL" || exitCode === 137);
    const oomKills = mayBeOom ? await readOomKills() : null;
    const outOfMemory = oomKills !== null && oomKillsBefore !== null && oomKills > oomKillsBefore;
    return { exitCode, signal, outOfMemory, tail };
  }

  /** The state to end in; whoever still waits for an answer is told. */
  #conclude(ending: Ending, engine: Engine, known?: FailureReason): Ended {
    const wasReady = this.#state.name === "ready" || this.#state.name === "draining";
    const since = performance.now();
    const isOrdered = this.#order === "drain" || this.#order === "kill";
    const fault = this.#order === "drain" || this.#order === "kill" ? null : this.#order;
    const reason = known ?? fault ?? engine.classify(ending);
    const requests = fault === null ? (this.#load?.inFlight ?? 0) : this.#requests;
    const failure: Failure = toFailure({ ...ending, reason, wasReady, requests, pid: this.pid });
    // It may die of a request while it waits for it to end.
    this.#load?.cut(isOrdered && this.#isSignalled ? drained(this.id) : lossOf(this.id, failure));
    return isOrdered ? { name: "stopped", since } : { name: "failed", since, failure };
  }

  get #isOver(): boolean {
    return this.#state.name === "stopped" || this.#state.name === "failed";
  }

  /** What comes late, after the end, is dropped. */
  #become(state: WorkerState): void {
    if (this.#isOver) return;
    this.#state = state;
    this.emit("state", state);
  }
}

const NO_ENDING: Ending = { exitCode: null, signal: null, outOfMemory: false, tail: [] };
