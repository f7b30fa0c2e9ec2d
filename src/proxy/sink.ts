/** A request as it goes to a worker. The body has been read whole and checked. */
export interface UpstreamRequest {
  readonly method: "GET" | "POST";
  /** Path and query. */
  readonly path: string;
  /** Lower-case names; hop-by-hop headers, credentials and x-conversation-id are stripped by the proxy. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** The body as JSON, where whoever asks has parsed it already, and refused what ends workers (poison.ts). */
  readonly parsed?: Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds from now within which the first token is wanted: refused where that can't be. Default: whenever. */
  readonly timeout?: number | undefined;
  /** Higher goes first; one step outweighs ten seconds of waiting. Default 0. */
  readonly priority?: number | undefined;
  /** False: if its worker is lost, its answer is not continued by another. Default true. */
  readonly continues?: boolean | undefined;
}

/** Where an answer goes. Called in order: start, data*, then end or fail, once. `fail` may come before `start`. */
export interface Sink {
  start(status: number, headers: Readonly<Record<string, string | string[]>>): void;
  /** @returns false to be paused; the proxy then waits for `drained()` before it reads more. */
  data(chunk: Buffer): boolean;
  /** Resolves when more can be taken. Called only after data() returned false. */
  drained(): Promise<void>;
  end(): void;
  /** A worker died or the request could not be served. Never called for an answer that the worker gave in full. */
  fail(error: Error): void;
}
