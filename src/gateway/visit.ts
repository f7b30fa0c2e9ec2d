import type { IncomingMessage, ServerResponse } from "node:http";
import type { Content } from "./content.ts";
import { requestId } from "./request-id.ts";
import { pathOf } from "./routes.ts";

/** One request from its head until the last byte of its answer is out, or the client is gone. */
export class Visit {
  readonly id: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** performance.now() */
  readonly startedAt = performance.now();
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #controller = new AbortController();
  #isGone = false;
  /** What the body said, once it has been read. */
  model: string | null = null;
  stream = false;
  /** Only where contents are logged. */
  content: Content | null = null;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    this.id = requestId(request.headers["x-request-id"]);
    this.method = request.method ?? "";
    this.path = pathOf(request.url ?? "");
    response.once("close", () => this.#onClose());
  }

  /** Aborted when the client leaves, or by `cut`. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the client left before it had the whole answer. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Whether its body is still on its way. */
  get isArriving(): boolean {
    return !this.#request.complete;
  }

  /** Once, when the connection is done with it. */
  onLeave(listener: () => void): void {
    this.#response.once("close", listener);
  }

  isOn(socket: unknown): boolean {
    return this.#request.socket === socket;
  }

  /** Ends it; the client is told this error if it can still be told anything. */
  cut(error: Error): void {
    this.#controller.abort(error);
  }

  #onClose(): void {
    this.#isGone = !this.#response.writableFinished;
    if (this.#isGone) this.#controller.abort();
  }
}
