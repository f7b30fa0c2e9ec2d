import type { IncomingHttpHeaders } from "node:http";
import { type Dispatcher, errors, type Pool } from "undici";
import type { Lease } from "../route/live-upstream.ts";
import { toClient, toWorker } from "./headers.ts";
import type { ExchangeRecord } from "./record.ts";
import { isLoading, LOADING_BODY_LIMIT, type Miss } from "./retry.ts";
import type { Sink, UpstreamRequest } from "./sink.ts";

export type Ending = { readonly kind: "answered" } | Miss;

export interface AttemptContext {
  readonly request: UpstreamRequest;
  readonly sink: Sink;
  readonly record: ExchangeRecord;
  readonly lease: Lease;
  readonly pool: Pool;
  readonly signal: AbortSignal | undefined;
}

/** Sends a request to one worker and the answer into the sink, all but its `end` or `fail`. Never rejects. */
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
 * Answers go from undici's parser to the sink as the buffers they came in; per chunk there is no promise, no copy and
 * no closure unless the sink asks for a pause.
 */
class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly ending: Promise<Ending>;
  readonly #sink: Sink;
  readonly #record: ExchangeRecord;
  readonly #lease: Lease;
  #settle: (ending: Ending) => void = () => {};
  #given: Ending | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #doubtful: Doubtful | null = null;

  constructor({ sink, record, lease }: AttemptContext) {
    this.#sink = sink;
    this.#record = record;
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
    this.#lease.answered();
    this.#end({ kind: "answered" });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#end(missOf(error, this.#controller !== null));
  }

  #start(status: number, headers: IncomingHttpHeaders): void {
    if (this.#given) return;
    this.#record.start(status, String(headers["content-type"]).startsWith("text/event-stream"));
    this.#sink.start(status, toClient(headers));
  }

  #pass(chunk: Buffer): void {
    if (this.#given) return;
    this.#record.chunk(chunk);
    if (!this.#sink.data(chunk)) this.#pause();
  }

  #pause(): void {
    this.#controller?.pause();
    this.#lease.pause();
    const resume = (): void => {
      this.#lease.resume();
      this.#controller?.resume();
    };
    this.#sink.drained().then(resume, (error: Error) => this.giveUp({ kind: "aborted", error }));
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
