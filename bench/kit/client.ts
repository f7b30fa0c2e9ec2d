import { Pool } from "undici";
import { BodyEnd, EventCounter } from "../../src/load/events.ts";

/** Where requests go. */
export interface Target {
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Use each connection once. llama-server closes some after a stream without a word: the next request would fail. */
  readonly closes?: boolean;
}

export interface Question {
  readonly path: string;
  readonly body: Buffer;
  /** Whether an event stream is expected. */
  readonly streamed: boolean;
}

export interface Answer {
  /** 200, whole, and ended as it should: a stream by its [DONE]. */
  readonly ok: boolean;
  /** Milliseconds from the call to the first byte of the body, to the last byte. */
  readonly firstByte: number;
  readonly total: number;
  /** performance.now() at the first byte. */
  readonly firstByteAt: number;
  /** Events of a stream, [DONE] too. 0 of a plain answer. */
  readonly chunks: number;
  /** The end of the body, where usage and errors are; at most 2 KiB. */
  readonly tail: string;
}

/**
 * A client that costs little, for it shares the machine with what it measures: raw dispatch, answers are counted and
 * never parsed.
 */
export class Client {
  readonly #pool: Pool;
  readonly #headers: Record<string, string>;
  readonly #closes: boolean;

  constructor({ origin, headers, closes = false }: Target, connections: number) {
    this.#closes = closes;
    this.#pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
    this.#headers = { "content-type": "application/json", ...headers };
  }

  /** Never rejects: what went wrong is an answer that is not `ok`, with the reason in `tail`. */
  ask({ path, body, streamed }: Question): Promise<Answer> {
    const started = performance.now();
    let firstByteAt = Number.NaN;
    let status = 0;
    const events = new EventCounter();
    const end = new BodyEnd();
    return new Promise((resolve) => {
      const settle = (ok: boolean, tail: string) => {
        const total = performance.now() - started;
        resolve({ ok, firstByte: firstByteAt - started, total, firstByteAt, chunks: events.count, tail });
      };
      this.#pool.dispatch(
        { method: "POST", path, headers: this.#headers, body, reset: this.#closes },
        {
          onRequestStart() {},
          onResponseStart(_controller, code) {
            status = code;
          },
          onResponseData(_controller, chunk) {
            if (Number.isNaN(firstByteAt)) firstByteAt = performance.now();
            if (streamed) events.push(chunk);
            end.push(chunk);
          },
          onResponseEnd() {
            settle(status === 200 && (!streamed || end.isDone), end.text);
          },
          onResponseError(_controller, error) {
            settle(false, `${error.message} ${end.text}`);
          },
        },
      );
    });
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** `concurrency` askers at once, each asking the next question when it has its answer, until `more` says no. */
export async function askInLoops(
  client: Client,
  question: Question,
  concurrency: number,
  more: (asked: number) => boolean,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  let asked = 0;
  const loop = async () => {
    while (more(asked)) {
      asked += 1;
      answers.push(await client.ask(question));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return answers;
}

/** Throws when answers are missing: a figure over failed requests compares nothing. */
export function insist(answers: readonly Answer[], who: string): void {
  const failed = answers.find((answer) => !answer.ok);
  if (failed === undefined) return;
  const count = answers.filter((answer) => !answer.ok).length;
  throw new Error(`${who}: ${count} of ${answers.length} answers failed; one ended with: ${failed.tail.slice(-300)}`);
}
