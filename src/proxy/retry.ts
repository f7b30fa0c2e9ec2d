import type { LossCause } from "../loss.ts";

/** How one attempt ended short of an answer. Only the first two leave no doubt that the worker did nothing with it. */
export type Miss =
  /** No connection could be made: not a byte was sent. */
  | { readonly kind: "unsent"; readonly error: Error }
  /** The worker answered 503 "Loading model". */
  | { readonly kind: "loading" }
  /** It ended after the request had been written, at least in part. */
  | { readonly kind: "lost"; readonly cause: LossCause; readonly error: Error }
  | { readonly kind: "aborted"; readonly error: Error }
  /** It cannot be written as HTTP: a path or header with characters that have no place there. */
  | { readonly kind: "malformed"; readonly error: Error };

/** What else is known of the request. */
export interface Known {
  /** How many attempts have been made. */
  readonly attempts: number;
  /** Whether its caller has been given the head of an answer. */
  readonly started: boolean;
}

export type Decision =
  /** Send it again, whole: to any other worker, or where its Gate keeps suspects. */
  { readonly kind: "again"; readonly reason: string } | { readonly kind: "give-up"; readonly reason: string };

/**
 * An upstream rests for 0.2 s after each miss, and its supervisor sees a process end within milliseconds: so many
 * attempts outlast the death of a worker.
 */
const MOST_ATTEMPTS = 5;

/** Pure. */
export function decideRetry(miss: Miss, { attempts, started }: Known): Decision {
  switch (miss.kind) {
    case "aborted":
      return { kind: "give-up", reason: "the caller has gone" };
    case "malformed":
      return { kind: "give-up", reason: "it would be malformed again" };
    case "unsent":
      return again("nothing was sent", attempts);
    case "loading":
      return again("the worker is loading", attempts);
    case "lost":
      if (miss.cause === "closed") return { kind: "give-up", reason: "the pool ends" };
      if (started) return { kind: "give-up", reason: "its answer had begun" };
      return again("nothing came back", attempts);
  }
}

function again(reason: string, attempts: number): Decision {
  if (attempts >= MOST_ATTEMPTS) return { kind: "give-up", reason: `${attempts} attempts were made` };
  return { kind: "again", reason };
}

/**
 * Whether an answer is llama-server's "not yet". A 503 of any other kind is an answer like every other.
 * @param body its first bytes, at most LOADING_BODY_LIMIT of them.
 */
export function isLoading(status: number, body: Buffer): boolean {
  return status === 503 && body.includes("Loading model") && body.includes("unavailable_error");
}

/** Bytes; llama-server's is about 80. */
export const LOADING_BODY_LIMIT = 1_024;
