import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { PoolOptions, ResolvedPoolOptions } from "./config/pool-options.ts";
import { resolvePoolOptions } from "./config/resolve.ts";
import type { ModelDescription } from "./model/description.ts";
import type { Plan } from "./plan/plan.ts";
import { ask, askChat, askChatStream, askCompletion, askEmbedding } from "./pool/ask.ts";
import { draw, nameOfPool, type PoolSetup } from "./pool/blueprint.ts";
import { canChange, differences } from "./pool/change.ts";
import { closedError, failedError, notWhileRunning } from "./pool/errors.ts";
import { Fleet } from "./pool/fleet.ts";
import type {
  ChatChunk,
  ChatCompletion,
  ChatRequest,
  Completion,
  CompletionRequest,
  EmbeddingRequest,
  EmbeddingResponse,
} from "./pool/openai-types.ts";
import { PoisonFile } from "./pool/poison-file.ts";
import { stateDir } from "./pool/state-dir.ts";
import { Tally } from "./pool/tally.ts";
import { Workforce } from "./pool/workforce.ts";
import type {
  CallOptions,
  EngineMetrics,
  ExchangeFacts,
  Failure,
  LogLine,
  LogOptions,
  Pool,
  PoolEvents,
  PoolRequest,
  PoolResponse,
  PoolState,
  PoolStats,
} from "./pool-types.ts";
import { exchange } from "./proxy/exchange.ts";
import { Fingerprints, type Remembered } from "./proxy/fingerprints.ts";
import { RetryBudget } from "./proxy/retry-budget.ts";
import type { Sink, UpstreamRequest } from "./proxy/sink.ts";
import { Journal } from "./worker/journal.ts";

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
export async function planPool(options: PoolOptions = {}, setup: PoolSetup = {}): Promise<Plan> {
  return (await draw(resolvePoolOptions(options), setup)).plan;
}

class LivePool extends EventEmitter<PoolEvents> implements Pool {
  readonly name: string;
  #options: ResolvedPoolOptions;
  readonly #setup: PoolSetup;
  readonly #budget: RetryBudget;
  readonly #poisonFile: PoisonFile;
  readonly #culprits: Fingerprints;
  readonly #fleet: Fleet;
  readonly #workforce: Workforce;
  readonly #tally = new Tally();
  readonly #journal = new Journal();
  readonly #started: Promise<void>;
  readonly #running = new Set<Promise<ExchangeFacts>>();
  #state: Exclude<PoolState, "idle"> = "starting";
  #closing: Promise<void> | null = null;
  #destroying: Promise<void> | null = null;

  constructor(options: ResolvedPoolOptions, setup: PoolSetup) {
    super();
    this.name = nameOfPool(options);
    this.#options = options;
    this.#setup = setup;
    this.#budget = new RetryBudget(options.retryBudget, performance.now());
    this.#poisonFile = new PoisonFile(setup.stateDir ?? stateDir(), this.name);
    this.#culprits = new Fingerprints(options.poisonMemory, (all) => this.#keepCulprits(all));
    this.#culprits.recall(this.#poisonFile.read(Date.now()));
    this.#fleet = new Fleet(options, this.#culprits);
    this.#workforce = new Workforce({
      name: this.name,
      options,
      setup,
      fleet: this.#fleet,
      journal: this.#journal,
      events: this,
      failed: (why) => this.#fail(why),
      recovered: () => this.#recover(),
    });
    this.#started = this.#start();
    this.#started.catch((error) => this.#fail(error));
  }

  get model(): ModelDescription | null {
    return this.#workforce.blueprint?.model ?? null;
  }

  get plan(): Plan | null {
    return this.#workforce.blueprint?.plan ?? null;
  }

  get state(): PoolState {
    return this.#state === "ready" && this.#workforce.isAsleep ? "idle" : this.#state;
  }

  get isReady(): boolean {
    if (this.#isClosing) return false;
    return this.#fleet.serves || (this.#state === "ready" && this.#workforce.isServing);
  }

  ready(): Promise<void> {
    return this.#started;
  }

  chat(request: ChatRequest, options?: CallOptions): Promise<ChatCompletion> {
    return askChat(this, request, options);
  }

  chatStream(request: ChatRequest, options?: CallOptions): AsyncIterableIterator<ChatChunk> {
    return askChatStream(this, request, options);
  }

  complete(request: CompletionRequest, options?: CallOptions): Promise<Completion> {
    return askCompletion(this, request, options);
  }

  embed(request: EmbeddingRequest, options?: CallOptions): Promise<EmbeddingResponse> {
    return askEmbedding(this, request, options);
  }

  request(request: PoolRequest, options?: CallOptions): Promise<PoolResponse> {
    return ask(this, request, options);
  }

  async exchange(request: UpstreamRequest, sink: Sink, options: CallOptions = {}): Promise<ExchangeFacts> {
    const { signal, continues = request.continues ?? true } = options;
    const { admission, quarantine, connections } = this.#fleet;
    const { tokensPerByte } = admission.habits;
    const { requestTimeout, continueAnswers } = this.#options;
    const timeout = request.timeout ?? (requestTimeout > 0 ? requestTimeout : undefined);
    const asked = { ...request, timeout, continues: continues && continueAnswers };
    const gate = quarantine.enter(asked);
    const answer = exchange(asked, sink, { gate, budget: this.#budget, connections, tokensPerByte, signal });
    this.#workforce.enter();
    this.#running.add(answer);
    const facts = await answer;
    gate.leave();
    this.#running.delete(answer);
    this.#workforce.leave();
    if (facts.outcome === "answered") this.#fleet.answered(asked, facts.upstream);
    this.#tally.add(facts);
    const [path = ""] = request.path.split("?", 1);
    this.emit("request", { ...facts, pool: this.name, method: request.method, path });
    return facts;
  }

  stats(): PoolStats {
    const workers = this.#workforce.snapshot();
    return {
      name: this.name,
      state: this.state,
      ...this.#fleet.stats(workers),
      ...this.#tally.snapshot(),
      restarts: workers.reduce((sum, { restarts }) => sum + restarts, 0),
    };
  }

  async *logs({ follow = false, signal, ...query }: LogOptions = {}): AsyncGenerator<LogLine> {
    const ends = [this.#workforce.signal, ...(signal ? [signal] : [])];
    yield* follow ? this.#journal.follow(query, AbortSignal.any(ends)) : this.#journal.tail(query);
  }

  measure(): Promise<void> {
    return this.#fleet.measure(this.#workforce.snapshot());
  }

  scrape(): Promise<readonly EngineMetrics[]> {
    return this.#fleet.scrape(this.#workforce.snapshot());
  }

  async scale(workers: number | "auto"): Promise<void> {
    const fixed = { workers, minWorkers: "auto", maxWorkers: "auto" } as const;
    await this.#untilItRuns();
    await this.#workforce.adopt(workers === "auto" ? this.#options : { ...this.#options, ...fixed }, { wakes: true });
  }

  async reconfigure(options: PoolOptions): Promise<void> {
    const wish = resolvePoolOptions(options);
    const fixed = differences(this.#options, wish).filter((option) => !canChange(option));
    if (fixed.length > 0) throw notWhileRunning(fixed);
    await this.#untilItRuns();
    await this.#workforce.adopt(wish, { wakes: false });
    this.#options = wish;
    this.#fleet.adopt(wish);
    this.#culprits.memory = wish.poisonMemory;
    this.#budget.share = wish.retryBudget;
  }

  async load(): Promise<void> {
    await this.#untilItRuns();
    await this.#workforce.load();
    if (!this.isReady) throw failedError(this.name, this.#whyNoneServes());
  }

  async unload(why: "asked" | "room" = "asked"): Promise<void> {
    await this.#untilItRuns();
    await this.#workforce.unload(why);
  }

  async restart(): Promise<void> {
    await this.#untilItRuns();
    await this.#workforce.restart();
  }

  pardon(): number {
    return this.#culprits.clear(Date.now());
  }

  close({ drainTimeout = this.#options.drainTimeout }: { drainTimeout?: number } = {}): Promise<void> {
    this.#closing ??= this.#drain(drainTimeout).then(() => this.#end("close"));
    return this.#closing;
  }

  destroy(): Promise<void> {
    this.#destroying ??= this.#end("destroy");
    this.#closing ??= this.#destroying;
    return this.#destroying;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    await this.#workforce.start();
    if (this.#state === "starting") this.#state = "ready";
  }

  /** @throws CorralError CORRAL_POOL_CLOSED, or why it never began */
  async #untilItRuns(): Promise<void> {
    await this.#started;
    if (this.#isClosing) throw closedError(this.name);
  }

  #keepCulprits(culprits: readonly Remembered[]): void {
    try {
      this.#poisonFile.write(culprits);
    } catch (error) {
      this.emit(
        "warning",
        `requests that kill workers are known until the pool ends only: ${(error as Error).message}`,
      );
    }
  }

  #whyNoneServes(): Failure | Error {
    const failures = this.stats().workers.flatMap(({ lastFailure }) => lastFailure ?? []);
    return failures[0] ?? new Error("no worker became ready");
  }

  #fail(why: Failure | Error): void {
    if (this.#isClosing) return;
    this.#state = "failed";
    this.#fleet.fail(failedError(this.name, why));
  }

  #recover(): void {
    if (this.#isClosing) return;
    this.#state = "ready";
    this.#fleet.admission.recover();
  }

  /** Lets those that wait or run finish, as long as there is a worker to serve them and the limit allows. */
  async #drain(drainTimeout: number): Promise<void> {
    this.#state = "closing";
    this.#setup.residence?.startLeaving();
    const { admission } = this.#fleet;
    admission.close(closedError(this.name));
    if (!this.#fleet.serves && !this.#workforce.isServing) return;
    const idle = new AbortController();
    const limit = sleep(drainTimeout, undefined, { signal: idle.signal }).catch(() => {});
    await Promise.race([Promise.all(this.#running), limit]);
    idle.abort();
  }

  async #end(how: "close" | "destroy"): Promise<void> {
    this.#state = "closing";
    const error = closedError(this.name);
    this.#fleet.end(error);
    this.#workforce.giveUp(error);
    await this.#started.catch(() => {});
    await this.#workforce.end(how);
    await this.#fleet.connections.destroyAll();
    await this.#workforce.removeFiles();
    this.#state = "closed";
    this.emit("closed");
  }

  get #isClosing(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }
}
