import { Agent } from "undici";
import type { Question } from "../kit/client.ts";
import type { Reply } from "./judge.ts";

/** A reply and when it came. Milliseconds. */
export interface Asked extends Reply {
  /** The longest time in which nothing came: before the first byte of the body, between two pieces, before the end. */
  readonly longestWait: number;
  /** Until the first byte of the body; infinite where none came. */
  readonly firstByte: number;
  readonly total: number;
  /** Seconds; null where the reply says nothing of it. */
  readonly retryAfter: number | null;
}

export interface AskOptions {
  /** Aborted when the client goes away. */
  readonly leave?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Milliseconds after which a client gives up and calls it a failure. */
const PATIENCE = 90_000;

/** Asks and keeps all of what comes: faults show in the text. */
export class Asker {
  readonly #origin: string;
  readonly #agent = new Agent({ connections: 256, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Never rejects. */
  ask({ path, body }: Question, { leave, headers = {} }: AskOptions = {}): Promise<Asked> {
    const begun = performance.now();
    const pieces: Buffer[] = [];
    let status = 0;
    let retryAfter: number | null = null;
    let last = begun;
    let longestWait = 0;
    let firstByte = Number.POSITIVE_INFINITY;
    const waited = (): void => {
      const now = performance.now();
      longestWait = Math.max(longestWait, now - last);
      last = now;
    };
    return new Promise((resolve) => {
      const settle = (broken: string | null): void => {
        clearTimeout(timer);
        leave?.removeEventListener("abort", onLeave);
        waited();
        const text = Buffer.concat(pieces).toString();
        resolve({ status, body: text, broken, longestWait, firstByte, total: last - begun, retryAfter });
      };
      let end = (_why: Error): void => {};
      const onLeave = (): void => end(new Error("the client left"));
      const timer = setTimeout(() => end(new Error(`nothing more in ${PATIENCE / 1000} s`)), PATIENCE);
      leave?.addEventListener("abort", onLeave, { once: true });
      this.#agent.dispatch(
        {
          origin: this.#origin,
          method: "POST",
          path,
          headers: { "content-type": "application/json", ...headers },
          body,
        },
        {
          onRequestStart(controller) {
            end = (why) => controller.abort(why);
            if (leave?.aborted) onLeave();
          },
          onResponseStart(_controller, code, { "retry-after": seconds }) {
            status = code;
            if (typeof seconds === "string") retryAfter = Number(seconds);
          },
          onResponseData(_controller, piece) {
            waited();
            if (pieces.length === 0) firstByte = last - begun;
            pieces.push(piece);
          },
          onResponseEnd() {
            settle(null);
          },
          onResponseError(_controller, error) {
            settle(error.message);
          },
        },
      );
    });
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}
