import type { EventEmitter } from "node:events";
import type { CorralOptions } from "./config/corral-options.ts";
import type { ModelOptions, ResolvedModelOptions } from "./config/model-options.ts";
import type {
  ChatChunk,
  ChatCompletion,
  ChatRequest,
  Completion,
  CompletionRequest,
  EmbeddingRequest,
  EmbeddingResponse,
} from "./pool/openai-types.ts";
import type { CallOptions, Pool, PoolRequest, PoolResponse } from "./pool-types.ts";
import type { ServedModel } from "./served-model.ts";

/** Options of many models; as in a configuration file, each under the name that clients call it by. */
export interface ManyModels extends CorralOptions {
  readonly models: Readonly<Record<string, ModelOptions>>;
}

/**
 * Many pools behind one object, which share the machine's memory: a model is loaded when it is asked for, and unloaded
 * when another needs the room.
 *
 * All calls that ask for an answer take the model's name, or one of its aliases, in `model`, and throw as those of Pool do;
 * besides CORRAL_MODEL_UNKNOWN, and CORRAL_NO_ROOM where others made no room in time.
 */
export interface Corral extends EventEmitter<CorralEvents>, AsyncDisposable {
  /** As they are now, in the order of the options. */
  readonly models: readonly CorralModel[];
  /** Bytes: what loaded models hold by their plans, and may hold together. */
  readonly memory: { readonly used: number; readonly budget: number };
  /** Resolves when each eager model serves. @throws what kept the first from it, when all have been tried */
  ready(): Promise<void>;

  chat(request: ChatRequest & Named, options?: CallOptions): Promise<ChatCompletion>;
  chatStream(request: ChatRequest & Named, options?: CallOptions): AsyncIterableIterator<ChatChunk>;
  complete(request: CompletionRequest & Named, options?: CallOptions): Promise<Completion>;
  embed(request: EmbeddingRequest & Named, options?: CallOptions): Promise<EmbeddingResponse>;
  request(request: PoolRequest & Named, options?: CallOptions): Promise<PoolResponse>;

  /**
   * Goes over to other options. They are checked as a whole first, with the plan of each model that is new or changes; then
   * only what differs is changed: new workers serve before old ones drain where memory allows. What runs in workers that
   * go gets ten minutes. Calls come one after the other.
   * @throws CorralError CORRAL_BAD_OPTION, CORRAL_MODEL_*, CORRAL_DOES_NOT_FIT: nothing has changed then
   */
  reconfigure(options: ManyModels): Promise<Changes>;
  /** See Pool.scale. @throws CorralError CORRAL_MODEL_UNKNOWN */
  scale(model: string, workers: number | "auto"): Promise<void>;
  /** See Pool.restart. @throws CorralError CORRAL_MODEL_UNKNOWN */
  restart(model: string): Promise<void>;
  /** See Pool.pardon. @throws CorralError CORRAL_MODEL_UNKNOWN */
  pardon(model: string): number;
  /** See Pool.unload. @throws CorralError CORRAL_MODEL_UNKNOWN */
  unload(model: string): Promise<void>;
  /** See Pool. Idempotent. */
  close(): Promise<void>;
  destroy(): Promise<void>;
}

export interface CorralModel extends ServedModel {
  readonly options: ResolvedModelOptions;
  /** That serves it now; other options may make another one. */
  readonly pool: Pool;
}

/** Says which model is meant, by its name or an alias. */
export interface Named {
  readonly model: string;
}

export interface CorralEvents {
  /** A pool has been opened: for those who watch pools. A model that changes may go on in another one. */
  opened: [Pool];
}

/** Names of models, each in one of the lists. */
export interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
  /** These did not become what was asked for: those that were there before go on as they were. */
  readonly failed: readonly { readonly model: string; readonly error: Error }[];
}
