import { EventEmitter } from "node:events";
import PQueue from "p-queue";
import type { ResolvedCorralOptions } from "./config/corral-options.ts";
import { poolOptionsOf, type ResolvedModelOptions } from "./config/model-options.ts";
import { resolveCorralOptions, resolveModelOptions } from "./config/resolve.ts";
import { diff } from "./corral/changes.ts";
import { LiveModel } from "./corral/live-model.ts";
import type { Changes, Corral, CorralEvents, ManyModels, Named } from "./corral-types.ts";
import { CorralError } from "./errors.ts";
import { readMachineWithout } from "./machine/read-without.ts";
import { ask, askChat, askChatStream, askCompletion, askEmbedding } from "./pool/ask.ts";
import type {
  ChatChunk,
  ChatCompletion,
  ChatRequest,
  Completion,
  CompletionRequest,
  EmbeddingRequest,
  EmbeddingResponse,
} from "./pool/openai-types.ts";
import { type PoolSetup, planPool } from "./pool.ts";
import type { CallOptions, Pool, PoolRequest, PoolResponse } from "./pool-types.ts";
import { Residency } from "./residency/residency.ts";
import { findModel, namesOf, refuseSameNames } from "./served-model.ts";

/** What pools are put together from, where not the default; the memory is the corral's own matter. */
export type CorralSetup = Omit<PoolSetup, "residence" | "isLazy">;

/**
 * Many models whose eager ones serve.
 * @throws CorralError as `createPool` does; nothing is left running then
 */
export async function createCorral(options: ManyModels, setup: CorralSetup = {}): Promise<Corral> {
  const corral = openCorral(options, setup);
  try {
    await corral.ready();
    return corral;
  } catch (error) {
    await corral.destroy();
    throw error;
  }
}

/**
 * Many models that are being started: requests wait. For those who listen first and serve when they can.
 * @throws CorralError CORRAL_BAD_OPTION at once; all else is told by `ready()`
 */
export function openCorral(options: ManyModels, setup: CorralSetup = {}): Corral {
  return new LiveCorral(resolved(options), setup);
}

interface Resolved {
  readonly models: readonly ResolvedModelOptions[];
  readonly shared: ResolvedCorralOptions;
}

function resolved({ models, ...shared }: ManyModels): Resolved {
  const each = Object.entries(models).map(([name, options]) => resolveModelOptions(name, options));
  refuseSameNames(each);
  return { models: each, shared: resolveCorralOptions(shared) };
}

class LiveCorral extends EventEmitter<CorralEvents> implements Corral {
  readonly #setup: CorralSetup;
  readonly #residency: Residency;
  readonly #changes = new PQueue({ concurrency: 1 });
  #models: LiveModel[] = [];
  /** Models that are not served any more, and still have requests. */
  readonly #retiring = new Set<LiveModel>();
  #isOver = false;
  readonly #started: Promise<void>;

  constructor({ models, shared }: Resolved, setup: CorralSetup) {
    super();
    this.#setup = setup;
    this.#residency = new Residency({
      ...shared,
      models: models.length,
      readMachine: async (pids) => setup.machine ?? (await readMachineWithout(pids, setup.machineRoot)),
    });
    this.#models = models.map((options) => new LiveModel(options, this.#surroundings()));
    this.#started = allOf(this.#models.map(({ pool }) => pool.ready()));
    this.#started.catch(() => {});
  }

  get models(): readonly LiveModel[] {
    return this.#models;
  }

  get memory() {
    return { used: this.#residency.used, budget: this.#residency.budget };
  }

  ready(): Promise<void> {
    return this.#started;
  }

  async chat(request: ChatRequest & Named, options?: CallOptions): Promise<ChatCompletion> {
    return await askChat(this.#named(request.model), request, options);
  }

  async *chatStream(request: ChatRequest & Named, options?: CallOptions): AsyncGenerator<ChatChunk> {
    yield* askChatStream(this.#named(request.model), request, options);
  }

  async complete(request: CompletionRequest & Named, options?: CallOptions): Promise<Completion> {
    return await askCompletion(this.#named(request.model), request, options);
  }

  async embed(request: EmbeddingRequest & Named, options?: CallOptions): Promise<EmbeddingResponse> {
    return await askEmbedding(this.#named(request.model), request, options);
  }

  async request({ model, ...request }: PoolRequest & Named, options?: CallOptions): Promise<PoolResponse> {
    return await ask(this.#named(model), request, options);
  }

  async reconfigure(options: ManyModels): Promise<Changes> {
    const next = resolved(options);
    return await this.#changes.add(() => this.#become(next));
  }

  async scale(model: string, workers: number | "auto"): Promise<void> {
    await this.#named(model).pool.scale(workers);
  }

  async restart(model: string): Promise<void> {
    await this.#named(model).pool.restart();
  }

  pardon(model: string): number {
    return this.#named(model).pool.pardon();
  }

  async unload(model: string): Promise<void> {
    await this.#named(model).pool.unload();
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#models, ...this.#retiring].map((model) => model.close()));
    await this.destroy();
  }

  async destroy(): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#models, ...this.#retiring].map((model) => model.destroy()));
    // What was just being added when it was told to end.
    await this.#changes.onIdle();
    await Promise.all(this.#models.map((model) => model.destroy()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #become({ models, shared }: Resolved): Promise<Changes> {
    if (this.#isOver) throw closed();
    const { added, removed, changed, unchanged } = diff(
      this.#models.map((model) => model.options),
      models,
    );
    await this.#checkPlans([...added, ...changed]);
    this.#residency.limit({ ...shared, models: models.length });
    for (const name of removed) this.#retire(this.#named(name));
    const failed: { model: string; error: Error }[] = [];
    const attempt = async ({ name: model }: ResolvedModelOptions, change: () => Promise<void>): Promise<void> => {
      if (this.#isOver) throw closed();
      await change().catch((error: Error) => failed.push({ model, error }));
    };
    for (const options of changed) await attempt(options, () => this.#named(options.name).change(options));
    for (const options of added) await attempt(options, () => this.#add(options));
    this.#models = models.flatMap(({ name }) => this.#models.find((model) => model.name === name) ?? []);
    const names = (list: readonly ResolvedModelOptions[]): string[] =>
      list.flatMap(({ name }) => (failed.some(({ model }) => model === name) ? [] : [name]));
    return { added: names(added), removed, changed: names(changed), unchanged, failed };
  }

  /** @throws what is wrong with the first of them, the others in its facts */
  async #checkPlans(models: readonly ResolvedModelOptions[]): Promise<void> {
    const machine = await this.#residency.readMachine([]);
    const setup = { ...this.#setup, machine };
    const plans = await Promise.allSettled(models.map((options) => planPool(poolOptionsOf(options), setup)));
    const problems = plans.flatMap((plan, index) =>
      plan.status === "fulfilled" ? [] : [`${models[index]?.name}: ${(plan.reason as Error).message}`],
    );
    const [first] = plans.flatMap((plan) => (plan.status === "rejected" ? [plan.reason] : []));
    if (first === undefined) return;
    const code = first instanceof CorralError ? first.code : "CORRAL_INTERNAL";
    throw new CorralError(code, `Nothing has been changed. ${problems.join(" ")}`, {
      cause: first,
      facts: { problems },
    });
  }

  /** An eager one is loaded where there is room, as at the start. */
  async #add(options: ResolvedModelOptions): Promise<void> {
    const model = new LiveModel(options, this.#surroundings());
    this.#models.push(model);
    try {
      await model.pool.ready();
    } catch (error) {
      this.#models = this.#models.filter((other) => other !== model);
      await model.destroy();
      throw error;
    }
  }

  #retire(model: LiveModel): void {
    this.#models = this.#models.filter((other) => other !== model);
    this.#retiring.add(model);
    void model.retire().finally(() => this.#retiring.delete(model));
  }

  /** @throws CorralError CORRAL_MODEL_UNKNOWN */
  #named(name: string): LiveModel {
    const model = findModel(this.#models, name);
    if (model) return model;
    throw new CorralError(
      "CORRAL_MODEL_UNKNOWN",
      `There is no model "${name}" here. Served: ${namesOf(this.#models)}.`,
      {
        facts: { model: name },
      },
    );
  }

  #surroundings() {
    // Not at once: whoever listens to the corral's events has it in hand by then.
    const opened = (pool: Pool): void => queueMicrotask(() => this.emit("opened", pool));
    return { residency: this.#residency, setup: this.#setup, opened };
  }
}

async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

function closed(): CorralError {
  return new CorralError("CORRAL_POOL_CLOSED", "the corral is closing or closed: make a new one");
}
