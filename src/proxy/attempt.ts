import type { IncomingHttpHeaders } from "node:http";
import { type Dispatcher, errors, type Pool } from "undici";
import type { Lease } from "../route/live-upstream.ts";
import { toClient, toWorker } from "./headers.ts";
import { isLoading, LOADING_BODY_LIMIT, type Miss } from "./retry.ts";
import type { UpstreamRequest } from "./sink.ts";

export type Ending = { readonly kind: "answered" } | Miss;

/** Where a worker's answer goes. Called in order: start, data*, finish; nothing more where the worker is lost. */
export interface Receiver {
  start(status: number, headers: Readonly<Record<string, string | string[]>>): void;
  /** @returns false to be paused; nothing more is read before `drained()` resolves. */
  data(chunk: Buffer): boolean;
  drained(): Promise<void>;
  /** The worker has said all that it has to say. @returns why it is no answer in full; null where it is */
  finish(): Miss | null;
}

export interface AttemptContext {
  readonly request: UpstreamRequest;
  readonly receiver: Receiver;
  readonly lease: Lease;
  readonly pool: Pool;
  readonly signal: AbortSignal | undefined;
}

/** Sends a request to one worker and its answer to the receiver. Never rejects. */
export async function attempt(context: AttemptContext): Promise<Ending> {
  const { request, lease, pool, signal } = context;
  const handler = new AnswerHandler(context);
  const leave = (): void => handler.giveUp({ kind: "aborted", error: signal?.reason });
  signal?.addEventListener("abort", leave, { once: true });
  lease.onCut((loss) => handler.giveUp({ kind: "lost", ...loss }));
  try {
    if (signal?.aborted) return { kind: "aborted", error: signal.reason };
    pool.dispatch(
      {
        method: request.method,
        path: request.path,
        headers: toWorker(request.headers, lease.upstream.endpoint.key),
        body: request.body,
        reset: true, // One connection a request: see Connections.
      },
      handler,
    );
    return await handler.ending;
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}

/** A 503 that may be "Loading model": kept back until that is clear. */
interface Doubtful {
  readonly headers: IncomingHttpHeaders;
  readonly chunks: Buffer[];
  bytes: number;
}

/**
 * Answers go from undici's parser to the receiver as the buffers they came in; per chunk there is no promise, no copy and
 * no closure unless the receiver asks for a pause.
 */
class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly ending: Promise<Ending>;
  readonly #receiver: Receiver;
  readonly #lease: Lease;
  #settle: (ending: Ending) => void = () => {};
  #given: Ending | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #doubtful: Doubtful | null = null;

  constructor({ receiver, lease }: AttemptContext) {
    this.#receiver = receiver;
    this.#lease = lease;
    this.ending = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Ends the attempt; the connection is closed, which is what frees the worker's slot. */
  giveUp(ending: Miss): void {
    if (!this.#end(ending)) return;
    this.#controller?.abort(new errors.RequestAbortedError());
  }

  /** Called when there is a connection, just before the request is written on it. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#given) controller.abort(new errors.RequestAbortedError());
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    if (status === 503) this.#doubtful = { headers, chunks: [], bytes: 0 };
    else this.#start(status, headers);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#lease.progress();
    if (this.#doubtful) this.#keep(this.#doubtful, chunk);
    else this.#pass(chunk);
  }

  onResponseEnd(): void {
    if (this.#given) return;
    if (this.#doubtful) {
      if (isLoading(503, Buffer.concat(this.#doubtful.chunks))) return void this.#end({ kind: "loading" });
      this.#passOn(this.#doubtful);
    }
    const miss = this.#receiver.finish();
    if (miss === null) this.#lease.answered();
    this.#end(miss ?? { kind: "answered" });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#end(missOf(error, this.#controller !== null));
  }

  #start(status: number, headers: IncomingHttpHeaders): void {
    if (this.#given) return;
    this.#receiver.start(status, toClient(headers));
  }

  #pass(chunk: Buffer): void {
    if (this.#given) return;
    if (!this.#receiver.data(chunk)) this.#pause();
  }

  #pause(): void {
    this.#controller?.pause();
    this.#lease.pause();
    const resume = (): void => {
      this.#lease.resume();
      this.#controller?.resume();
    };
    this.#receiver.drained().then(resume, (error: Error) => this.giveUp({ kind: "aborted", error }));
  }

  #keep(doubtful: Doubtful, chunk: Buffer): void {
    doubtful.chunks.push(chunk);
    doubtful.bytes += chunk.length;
    if (doubtful.bytes > LOADING_BODY_LIMIT) this.#passOn(doubtful);
  }

  #passOn({ headers, chunks }: Doubtful): void {
    this.#doubtful = null;
    this.#start(503, headers);
    if (chunks.length > 0) this.#pass(Buffer.concat(chunks));
  }

  #end(ending: Ending): boolean {
    if (this.#given) return false;
    this.#given = ending;
    this.#settle(ending);
    return true;
  }
}

function missOf(error: Error, hadConnection: boolean): Miss {
  if (error instanceof errors.InvalidArgumentError) return { kind: "malformed", error };
  return hadConnection ? { kind: "lost", cause: "connection", error } : { kind: "unsent", error };
}
