import { Client } from "undici";
import { type Endpoint, originOf } from "../endpoint.ts";
import { patience } from "./patience.ts";

/** How a probe went. "silent": no connection, no answer in time, or no HTTP. */
export type ProbeAnswer =
  | { readonly kind: "answered"; readonly status: number; readonly body: string }
  | { readonly kind: "silent"; readonly error: Error };

/** Asks one worker how it is, each time on a new connection: taking connections is part of being well. */
export class Probe {
  readonly #client: Client;
  readonly #key: string;
  readonly #timeout: number;

  /** `timeout` in milliseconds. */
  constructor(endpoint: Endpoint, timeout: number) {
    const socket = endpoint.kind === "unix" ? { socketPath: endpoint.socketPath } : {};
    // Its own timers run by the clock: see patience.ts.
    this.#client = new Client(originOf(endpoint), { ...socket, headersTimeout: 0, bodyTimeout: 0, pipelining: 1 });
    this.#key = endpoint.key;
    this.#timeout = timeout;
  }

  /** Whether it serves: 200, and 503 while it loads. HTTP threads answer it whatever the loop that computes does. */
  health(signal: AbortSignal): Promise<ProbeAnswer> {
    return this.#get("/health", signal);
  }

  /** What the loop that computes has done: see Engine.readPulse. */
  metrics(signal: AbortSignal): Promise<ProbeAnswer> {
    return this.#get("/metrics", signal);
  }

  close(): void {
    this.#client.destroy().catch(() => {});
  }

  async #get(path: string, outer: AbortSignal): Promise<ProbeAnswer> {
    const limit = patience(this.#timeout, outer);
    try {
      const headers = { authorization: `Bearer ${this.#key}` };
      const { signal } = limit;
      const answer = await this.#client.request({ method: "GET", path, headers, signal, reset: true });
      return { kind: "answered", status: answer.statusCode, body: await answer.body.text() };
    } catch (error) {
      return { kind: "silent", error: error instanceof Error ? error : new Error(String(error)) };
    } finally {
      limit.end();
    }
  }
}
