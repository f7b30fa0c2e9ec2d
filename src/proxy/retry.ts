import { type LossCause, makesSuspects } from "../loss.ts";

/** How one attempt ended short of an answer. Only the first two leave no doubt that the worker did nothing with it. */
export type Miss =
  /** No connection could be made: not a byte was sent. */
  | { readonly kind: "unsent"; readonly error: Error }
  /** The worker answered 503 "Loading model". */
  | { readonly kind: "loading" }
  /** It ended after the request had been written, at least in part. */
  | { readonly kind: "lost"; readonly cause: LossCause; readonly error: Error }
  /** It was to go on with an answer of another worker's, and did not take it so. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "aborted"; readonly error: Error }
  /** It cannot be written as HTTP: a path or header with characters that have no place there. */
  | { readonly kind: "malformed"; readonly error: Error };

/** What else is known of the request. */
export interface Known {
  /** How many attempts have been made. */
  readonly attempts: number;
  /** How many of them since some of the answer came. */
  readonly fruitless: number;
  /** Why what its caller has been given can't be taken up by another worker; null where it can, or nothing was given. */
  readonly stuck: string | null;
}

export type Decision =
  /**
   * Send it again, or what remains of it: to any other worker, or where its Gate keeps suspects. `draws` on the budget:
   * a worker's work is repeated, among those that serve others, and it is not corral that took it away.
   */
  | { readonly kind: "again"; readonly reason: string; readonly draws: boolean }
  | { readonly kind: "give-up"; readonly reason: string };

/**
 * An upstream rests for 0.2 s after each miss, and its supervisor sees a process end within milliseconds: so many
 * attempts outlast the death of a worker.
 */
const MOST_ATTEMPTS = 5;

/** Workers that are killed or replaced are not the request's fault: those that do kill are found out by their Gate. */
const MOST_LOSSES = 20;

/** Pure. */
export function decideRetry(miss: Miss, { attempts, fruitless, stuck }: Known): Decision {
  const isRepeated = attempts === fruitless;
  switch (miss.kind) {
    case "aborted":
      return { kind: "give-up", reason: "the caller has gone" };
    case "malformed":
      return { kind: "give-up", reason: "it would be malformed again" };
    case "unsent":
      return again("nothing was sent", fruitless);
    case "loading":
      return again("the worker is loading", fruitless);
    case "lost":
      if (miss.cause === "closed") return { kind: "give-up", reason: "the pool ends" };
      if (stuck !== null) return { kind: "give-up", reason: stuck };
      // Who breaks a connection and lives may do it again and again.
      if (miss.cause === "connection") return again("the connection broke", attempts, isRepeated);
      return again("another worker can take it up", fruitless, isRepeated && isOutage(miss.cause), MOST_LOSSES);
    case "refused":
      if (stuck !== null) return { kind: "give-up", reason: stuck };
      return again("there is another way to go on with it", fruitless);
  }
}

function again(reason: string, attempts: number, draws = false, most = MOST_ATTEMPTS): Decision {
  if (attempts >= most) return { kind: "give-up", reason: `${attempts} attempts were made` };
  return { kind: "again", reason, draws };
}

/** Not what corral did itself, nor what makes suspects: those are tried one at a time. */
function isOutage(cause: LossCause): boolean {
  return cause !== "drain" && !makesSuspects(cause);
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
