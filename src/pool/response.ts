import type { PoolResponse } from "../pool-types.ts";
import type { Sink } from "../proxy/sink.ts";

type Headers = Readonly<Record<string, string | string[]>>;

/** Bytes that are kept for a reader that is behind; then the worker waits. As undici's own bodies. */
const READ_AHEAD = 64 * 1024;

interface Head {
  readonly status: number;
  readonly headers: Headers;
}

/** An answer for one reader in this process: pulled out as fast as it is read, and let go when the reader leaves. */
export class ResponseSink implements Sink {
  readonly #cancel: () => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #end: { readonly error: Error | null } | null = null;
  #head: (head: Head) => void = () => {};
  #headless: (error: Error) => void = () => {};
  #wakeReader = (): void => {};
  #wakeWorker = (): void => {};
  readonly #started: Promise<Head>;

  /** @param cancel gives up an answer that is still coming */
  constructor(cancel: () => void) {
    this.#cancel = cancel;
    this.#started = new Promise((resolve, reject) => {
      this.#head = resolve;
      this.#headless = reject;
    });
  }

  /** Resolves with the answer when its head is there. */
  async response(): Promise<PoolResponse> {
    const { status, headers } = await this.#started;
    const body = this.#read();
    const text = async (): Promise<string> => {
      const chunks: Buffer[] = [];
      for await (const chunk of body) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    };
    return { status, headers, body, text, json: async () => JSON.parse(await text()), cancel: () => this.#leave() };
  }

  start(status: number, headers: Headers): void {
    this.#head({ status, headers });
  }

  data(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#wakeReader();
    return this.#bytes < READ_AHEAD;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeWorker = resolve;
    });
  }

  end(): void {
    this.#over(null);
  }

  fail(error: Error): void {
    this.#headless(error);
    this.#over(error);
  }

  async *#read(): AsyncGenerator<Buffer, void, undefined> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk) {
          this.#bytes -= chunk.length;
          if (this.#bytes < READ_AHEAD) this.#wakeWorker();
          yield chunk;
        } else if (this.#end === null) {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
        } else if (this.#end.error) throw this.#end.error;
        else return;
      }
    } finally {
      this.#leave();
    }
  }

  #over(error: Error | null): void {
    this.#end = { error };
    this.#wakeReader();
  }

  #leave(): void {
    if (this.#end === null) this.#cancel();
  }
}
