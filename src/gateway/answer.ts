import type { ServerResponse } from "node:http";
import type { Sink } from "../proxy/sink.ts";
import { bodyOf, type Dialect, eventOf, headersOf, type Refusal, refusalOf } from "./errors.ts";

type Headers = Readonly<Record<string, string | string[]>>;

/** What has gone out: nothing yet, the head of a plain answer or of an event stream, all of it, or a broken half. */
type Progress = "nothing" | "plain" | "events" | "complete" | "broken";

/**
 * The answer to one request, whoever gives it: a worker's bytes pass through it as they are, an error becomes what the
 * client's SDK understands, at whichever moment it comes.
 */
export class Answer implements Sink {
  readonly #response: ServerResponse;
  readonly #dialect: Dialect;
  readonly #onBytes: ((chunk: Buffer) => void) | null;
  #progress: Progress = "nothing";
  #bytes = 0;
  #firstByteAt: number | null = null;
  #refused: Refusal | null = null;

  /** @param onBytes sees what passes; for a log of contents */
  constructor(response: ServerResponse, dialect: Dialect, onBytes: ((chunk: Buffer) => void) | null = null) {
    this.#response = response;
    this.#dialect = dialect;
    this.#onBytes = onBytes;
  }

  /** Null where nothing was answered. */
  get status(): number | null {
    return this.#progress === "nothing" ? null : this.#response.statusCode;
  }

  /** Of the body. */
  get bytes(): number {
    return this.#bytes;
  }

  /** performance.now(); null where none was sent. */
  get firstByteAt(): number | null {
    return this.#firstByteAt;
  }

  /** The error that was told, or that broke it; null for an answer in full. */
  get refused(): Refusal | null {
    return this.#refused;
  }

  get isComplete(): boolean {
    return this.#progress === "complete";
  }

  start(status: number, headers: Headers): void {
    if (this.#isOver()) return;
    const isStream = String(headers["content-type"] ?? "").startsWith("text/event-stream");
    this.#response.writeHead(status, {
      ...headers,
      ...(isStream ? { "x-accel-buffering": "no" } : {}),
      ...(status >= 400 ? { "x-corral-error-source": "worker" } : {}),
    });
    this.#progress = isStream ? "events" : "plain";
  }

  data(chunk: Buffer): boolean {
    if (this.#isOver()) return true;
    this.#count(chunk);
    return this.#response.write(chunk);
  }

  drained(): Promise<void> {
    const response = this.#response;
    if (!response.writableNeedDrain || response.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = () => {
        response.off("drain", settle).off("close", settle);
        resolve();
      };
      response.on("drain", settle).on("close", settle);
    });
  }

  end(): void {
    if (this.#isOver()) return;
    this.#progress = "complete";
    this.#response.end();
  }

  /** Tells the client in the way that is left: a JSON error, a last event, or else a connection cut short. */
  fail(error: unknown): void {
    if (this.#isOver()) return;
    this.#refused = refusalOf(error);
    switch (this.#progress) {
      case "nothing":
        this.json(this.#refused.status, bodyOf(this.#refused, this.#dialect), headersOf(this.#refused));
        break;
      case "events":
        this.#progress = "complete";
        // Blank lines end an event that was cut short, so that this one stands by itself.
        this.#response.end(`\n\n${eventOf(this.#refused, this.#dialect)}`);
        break;
      default:
        this.#progress = "broken";
        this.#response.destroy();
    }
  }

  json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.text(status, "application/json", JSON.stringify(value), headers);
  }

  text(status: number, type: string, text: string, headers: Readonly<Record<string, string>> = {}): void {
    const body = Buffer.from(text);
    this.#response.writeHead(status, {
      "content-type": `${type}; charset=utf-8`,
      "content-length": `${body.length}`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    });
    this.#count(body);
    this.#progress = "complete";
    this.#response.end(body);
  }

  #count(chunk: Buffer): void {
    this.#firstByteAt ??= performance.now();
    this.#bytes += chunk.length;
    this.#onBytes?.(chunk);
  }

  #isOver(): boolean {
    return this.#progress === "complete" || this.#progress === "broken" || this.#response.destroyed;
  }
}
