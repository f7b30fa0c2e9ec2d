import { diedLoading } from "./failure.ts";
import type { Failure } from "./state.ts";

/** What to do about a replica whose worker has failed. */
export type Retry =
  /** Start the next at once: nobody's fault. */
  | { readonly kind: "at-once" }
  /** Start the next at once, and none with repacked weights from now on. */
  | { readonly kind: "without-repacking" }
  /** Start the next after the backoff. `counts`: towards giving the model up. */
  | { readonly kind: "later"; readonly counts: boolean };

export interface RetryFacts {
  /** Whether it repacked its weights, and doing without has not been tried yet. */
  readonly mayBeRepacking: boolean;
  /** Whether it died of a request that was in it, and not of itself. */
  readonly isOnRequests: boolean;
  /** Addresses in a row that were taken, before this. */
  readonly takenAddresses: number;
}

/** Another program may win the race for a port now and then; not always. */
const MOST_TAKEN_ADDRESSES = 10;

/**
 * Pure. Who kills a serving worker from outside (an operator, a test, the system) says nothing against the model, and
 * neither does a request that kills it: that never gives it up.
 */
export function retryAfter(failure: Failure, { mayBeRepacking, isOnRequests, takenAddresses }: RetryFacts): Retry {
  if (failure.reason === "port-taken" && takenAddresses < MOST_TAKEN_ADDRESSES) return { kind: "at-once" };
  if (diedLoading(failure) && mayBeRepacking) return { kind: "without-repacking" };
  return { kind: "later", counts: !(failure.wasReady && (failure.reason === "killed" || isOnRequests)) };
}
