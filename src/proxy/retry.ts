/** How one attempt ended short of an answer. Only the first two leave no doubt that the worker did nothing with it. */
export type Miss =
  /** No connection could be made: not a byte was sent. */
  | { readonly kind: "unsent"; readonly error: Error }
  /** The worker answered 503 "Loading model". */
  | { readonly kind: "loading" }
  /** It ended after the request had been written, at least in part: it may be what killed the worker. */
  | { readonly kind: "lost"; readonly error: Error }
  | { readonly kind: "aborted"; readonly error: Error }
  /** It cannot be written as HTTP: a path or header with characters that have no place there. */
  | { readonly kind: "malformed"; readonly error: Error };

export interface Decision {
  readonly retry: boolean;
  readonly reason: string;
}

/**
 * An upstream rests for 0.2 s after each miss, and its supervisor sees a process end within milliseconds: so many
 * attempts outlast the death of a worker.
 */
const MOST_ATTEMPTS = 5;

/** @param attempts how many have been made. */
export function decideRetry(miss: Miss, attempts: number): Decision {
  switch (miss.kind) {
    case "aborted":
      return { retry: false, reason: "the caller has gone" };
    case "malformed":
      return { retry: false, reason: "it would be malformed again" };
    case "lost":
      return { retry: false, reason: "the worker may have begun to work on it" };
    case "unsent":
    case "loading": {
      if (attempts >= MOST_ATTEMPTS) return { retry: false, reason: `${attempts} attempts were made` };
      return { retry: true, reason: miss.kind === "loading" ? "the worker is loading" : "nothing was sent" };
    }
  }
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
