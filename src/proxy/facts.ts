import type { Gaps } from "./gaps.ts";

/** What is known of one exchange when it is over. Times are milliseconds, sizes bytes. */
export interface ExchangeFacts {
  readonly outcome: Outcome;
  /** Id of the upstream that was tried last; null where none was reached. */
  readonly upstream: string | null;
  /** How many upstreams it was sent to. */
  readonly attempts: number;
  /** How many of them were asked to go on with what one before had begun. */
  readonly continued: number;
  /** Whether it was streamed by the worker for a client that wants it whole. */
  readonly assembled: boolean;
  /** Status of the answer that the sink was given; null where none came. */
  readonly status: number | null;
  /** Bytes of the answer's body that the sink was given. */
  readonly bytes: number;
  /** From the call until a slot was free (of the last attempt). */
  readonly queuedMs: number;
  /** From the call until the first byte of an answer's body came from a worker; null where none came. */
  readonly firstByteMs: number | null;
  /**
   * From the call until a worker's first token: in a stream the first event that carries one, else the first byte. Null
   * where none came.
   */
  readonly firstTokenMs: number | null;
  /** Between the pieces that a worker streamed, from the first token on; null where it gave the answer as a whole. */
  readonly gaps: Gaps | null;
  readonly totalMs: number;
  /** As the engine counts them, read from the end of the answer; null where it does not say. */
  readonly tokens: TokenCount | null;
  /** What the sink's `fail` was given; null for an answer in full. */
  readonly error: Error | null;
}

/**
 * `answered`: in full, whatever the status. `aborted`: the caller's signal. `lost`: the worker died with it.
 * `refused`: it never reached a worker (queue full, pool failed or closed, no connection).
 */
export type Outcome = "answered" | "aborted" | "lost" | "refused";

export interface TokenCount {
  /** Tokens of the prompt, those from a cache included. */
  readonly prompt: number;
  /** Those of the prompt that were in a cache, so that nothing was computed for them. */
  readonly cached: number;
  readonly completion: number;
}
