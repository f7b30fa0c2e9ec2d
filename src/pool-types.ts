import type { EventEmitter } from "node:events";
import type { PoolOptions } from "./config/pool-options.ts";
import type { ModelDescription } from "./model/description.ts";
import type { Plan } from "./plan/plan.ts";
import type {
  ChatChunk,
  ChatCompletion,
  ChatRequest,
  Completion,
  CompletionRequest,
  EmbeddingRequest,
  EmbeddingResponse,
} from "./pool/openai-types.ts";
import type { ExchangeFacts } from "./proxy/facts.ts";
import type { Gaps } from "./proxy/gaps.ts";
import type { Sink, UpstreamRequest } from "./proxy/sink.ts";
import type { ScaleReason } from "./scale/decide.ts";
import type { Footprint } from "./worker/footprint.ts";
import type { LogLine, LogQuery } from "./worker/journal.ts";
import type { Failure } from "./worker/state.ts";
import type { WorkerEvent, WorkerSnapshot } from "./worker/supervisor.ts";

export type { ExchangeFacts, Failure, Footprint, Gaps, LogLine, WorkerEvent, WorkerSnapshot };

/**
 * The live workers of one model. Every call waits for a free slot in a bounded queue; none listens on a port of the
 * caller's process.
 *
 * All calls that ask for an answer throw CorralError: CORRAL_QUEUE_FULL, CORRAL_POOL_FAILED, CORRAL_POOL_CLOSED,
 * CORRAL_WORKER_LOST, and CORRAL_WORKER_ANSWERED where the engine's status is 400 or more; an aborted call rejects
 * with the signal's reason and closes its connection to the worker, which frees the slot.
 */
export interface Pool extends EventEmitter<PoolEvents>, AsyncDisposable {
  /** What clients call the model. */
  readonly name: string;
  /** Null until the file has been read. */
  readonly model: ModelDescription | null;
  /** All that may run, whether it does just now or not. Null until it has been made. */
  readonly plan: Plan | null;
  /**
   * Whether a request would be served: by a healthy worker, busy or not, or by one that is started or replaced for it
   * just now or would be (state "idle"). False once closing.
   */
  readonly isReady: boolean;
  /** Resolves when the first workers serve. @throws what kept them from it; the same each time it is asked. */
  ready(): Promise<void>;

  chat(request: ChatRequest, options?: CallOptions): Promise<ChatCompletion>;
  /** The request is sent when the first chunk is asked for. Leaving the loop closes it. */
  chatStream(request: ChatRequest, options?: CallOptions): AsyncIterableIterator<ChatChunk>;
  complete(request: CompletionRequest, options?: CallOptions): Promise<Completion>;
  embed(request: EmbeddingRequest, options?: CallOptions): Promise<EmbeddingResponse>;
  /** Anything the engine serves. Resolves when the answer's head is there; read or `cancel()` its body. */
  request(request: PoolRequest, options?: CallOptions): Promise<PoolResponse>;
  /**
   * For HTTP fronts: raw bytes, statuses as the engine gives them. Never rejects: the sink gets exactly one `end` or
   * `fail` (an abort included), and the facts tell what happened.
   */
  exchange(request: UpstreamRequest, sink: Sink, options?: CallOptions): Promise<ExchangeFacts>;

  readonly state: PoolState;
  /** A snapshot. */
  stats(): PoolStats;
  /** Reads what the workers' processes take, for `stats`; what was read within the last second is left as it is. */
  measure(): Promise<void>;
  /** Asks the engines that are ready for their own figures; one that does not answer within a second is left out. */
  scrape(): Promise<readonly EngineMetrics[]>;
  /**
   * What the workers have written, the oldest line first: the last lines of each and of its earlier starts are kept. No
   * prompt, answer or key, as long as `args` do not make the engine print them.
   */
  logs(options?: LogOptions): AsyncIterable<LogLine>;
  /**
   * Plans anew with so many workers, and starts them where the pool is idle; those that stay go on undisturbed where
   * their plan is the same. From then on neither load nor the machine changes their number, but `idleTimeout` still ends
   * them. "auto" goes back to what the pool's options say.
   * @throws CorralError CORRAL_DOES_NOT_FIT, CORRAL_BAD_OPTION, CORRAL_POOL_CLOSED
   */
  scale(workers: number | "auto"): Promise<void>;
  /**
   * Goes over to other options as `scale` does. Those that workers are started with once and for all (source, engine, args,
   * times of their life) must stay as they are.
   * @throws CorralError CORRAL_DOES_NOT_FIT, CORRAL_BAD_OPTION, CORRAL_POOL_CLOSED, CORRAL_NO_ROOM; nothing has changed then
   */
  reconfigure(options: PoolOptions): Promise<void>;
  /** Starts the fewest workers that serve, where none runs. @throws CorralError CORRAL_NO_ROOM, CORRAL_POOL_FAILED */
  load(): Promise<void>;
  /** Ends all workers when their requests are over. Requests that come meanwhile wait, and load it again. */
  unload(why?: "asked" | "room"): Promise<void>;
  /**
   * Starts every worker anew, one after the other: of two or more all but one serve at any time. Of one the new one serves
   * before the old one ends, where memory has room for both; else requests wait. None is lost. Nothing to do where the
   * pool is idle.
   * @throws CorralError of the first worker that does not come to serve again: the others go on; CORRAL_POOL_CLOSED
   */
  restart(): Promise<void>;
  /**
   * Lets requests to the workers again that are refused because they have killed one: the engine was mended, or they were
   * not to blame. Who kills a worker again is found out again.
   * @returns how many were refused
   */
  pardon(): number;
  /** Takes no more requests, lets running ones finish up to `drainTimeout` (default: the pool's), ends the workers. Idempotent. */
  close(options?: { drainTimeout?: number }): Promise<void>;
  /** Ends requests and workers now. Idempotent; cuts a `close` short. */
  destroy(): Promise<void>;
}

export interface PoolEvents {
  /** What is to be run has been decided; nothing of it has been started. Again whenever it changes. */
  planned: [Plan];
  /** Another number of workers is to run. */
  scaled: [ScaleEvent];
  /** A worker changed its state. */
  worker: [WorkerEvent];
  /** A request is over, in whichever way. */
  request: [RequestEvent];
  /** Its workers keep dying: requests are refused until `recovered`. */
  failed: [Failure];
  recovered: [];
  /** Nothing of it is left. */
  closed: [];
  /** One sentence for a person: something runs otherwise than planned. */
  warning: [string];
}

export interface ScaleEvent {
  /** Workers that were to run before, and now. */
  readonly from: number;
  readonly to: number;
  /**
   * wake: a request came when none ran. queue: requests waited too long. spare: fewer would have done. idle: there was no
   * request for `idleTimeout`. asked: `scale`, `load` or `unload` was called. machine: its limits
   * changed. room: another model needed the memory.
   */
  readonly why: ScaleReason | "asked" | "machine" | "room";
}

export interface LogOptions extends LogQuery {
  /** Go on with each line as it comes, until the signal aborts, the reader leaves, or the pool ends. Default false. */
  readonly follow?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** False: if the answer's worker is lost, no other goes on with it. Default: as the pool's `continueAnswers`. */
  readonly continues?: boolean | undefined;
}

/** One request, told when it is over. No prompt text, no answer. */
export interface RequestEvent extends ExchangeFacts {
  readonly pool: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

export interface PoolRequest {
  /** "/v1/rerank", with a query if need be. */
  readonly path: string;
  /** Default: POST with a body, GET without. */
  readonly method?: "GET" | "POST";
  /** Default: JSON's content type where there is a body. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A Buffer or string goes as it is, anything else as JSON. */
  readonly body?: unknown;
}

/** An answer whose head is there. Its body can be read once, in one of the ways. */
export interface PoolResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Read no faster than asked for. Leaving the loop closes the connection to the worker. */
  readonly body: AsyncIterable<Buffer>;
  json(): Promise<unknown>;
  text(): Promise<string>;
  /** Gives up the rest of the body. */
  cancel(): void;
}

/** Plain data, safe to print: no key, no prompt. */
export interface PoolStats {
  readonly name: string;
  readonly state: PoolState;
  readonly workers: readonly WorkerStats[];
  readonly slots: { readonly total: number; readonly busy: number };
  /** Requests that wait for a slot. */
  readonly queued: number;
  readonly queueLimit: number;
  /** Requests that may have killed a worker, until they are answered or found guilty. */
  readonly suspects: number;
  /** Requests that have killed a worker which served nobody else, since the pool was made. */
  readonly culprits: number;
  /** System prompts that are kept, computed, for workers that have not seen them. */
  readonly hotPrompts: number;
  /** Requests answered in full since the pool was made, whatever the status. */
  readonly served: number;
  /** Requests that were lost with a worker. */
  readonly lost: number;
  readonly aborted: number;
  readonly refused: number;
  /** As the engine counted them in its answers. */
  readonly tokens: { readonly prompt: number; readonly cached: number; readonly completion: number };
  /** Of the last minute: tokens of answers, spread over the time in which they were made, and waits for first tokens. */
  readonly recent: {
    readonly tokensPerSecond: number;
    readonly firstTokenMs: { readonly p50: number; readonly p95: number } | null;
  };
  /** Starts of workers beyond the first of each replica. */
  readonly restarts: number;
}

/** idle: no worker runs, and the next request starts them. */
export type PoolState = "starting" | "ready" | "idle" | "failed" | "closing" | "closed";

export interface WorkerStats extends Omit<WorkerSnapshot, "state"> {
  /** "trial": it is ready, and serves none but requests that may have killed another worker. */
  readonly state: WorkerSnapshot["state"] | "trial";
  /** Whether any request may be sent to it: one that is ready may be put aside, for a trial or because it is still. */
  readonly admitted: boolean;
  readonly slots: number;
  readonly inFlight: number;
  readonly served: number;
  /** Milliseconds since a byte came back from it, or it was found well. Only while requests are in flight. */
  readonly quiet?: number;
  /** As `measure` has found it last; null before. */
  readonly footprint: Footprint | null;
}

/** What the engine of a worker counts itself, as Prometheus text. */
export interface EngineMetrics {
  readonly replica: number;
  readonly text: string;
}
