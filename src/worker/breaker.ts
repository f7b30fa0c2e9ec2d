/**
 * Stops the restarting of workers that keep dying. Times are milliseconds of one steady clock that the caller reads.
 * closed: starts are free. open: none until `until`. half-open: one start is under way and decides.
 */
export type Breaker =
  | { readonly name: "closed"; readonly failures: readonly number[]; readonly openings: number }
  | { readonly name: "open"; readonly until: number; readonly openings: number }
  | { readonly name: "half-open"; readonly openings: number };

export interface BreakerLimits {
  /** So many failures ... */
  readonly failures: number;
  /** ... within so long open it. */
  readonly window: number;
  /** How long it stays open the first time; twice as long after each try that failed ... */
  readonly rest: number;
  /** ... up to this. */
  readonly mostRest: number;
}

/** 5 in a minute: a model that cannot run is given up within seconds, one that is hit by a bad request is not. */
export const BREAKER_LIMITS: BreakerLimits = { failures: 5, window: 60_000, rest: 15_000, mostRest: 300_000 };

export const CLOSED: Breaker = { name: "closed", failures: [], openings: 0 };

export function afterFailure(breaker: Breaker, now: number, limits: BreakerLimits): Breaker {
  switch (breaker.name) {
    case "open":
      return breaker;
    case "half-open":
      return open(breaker.openings, now, limits);
    case "closed": {
      const failures = [...breaker.failures.filter((at) => now - at < limits.window), now];
      return failures.length < limits.failures ? { ...breaker, failures } : open(0, now, limits);
    }
  }
}

/** A worker became ready. A closed breaker does not forget for that: it may have died soon after being ready before. */
export function afterSuccess(breaker: Breaker): Breaker {
  return breaker.name === "half-open" ? CLOSED : breaker;
}

/** Milliseconds until a start may be tried. Starts are made one after the other, so that half-open lets one through. */
export function waitFor(breaker: Breaker, now: number): number {
  return breaker.name === "open" ? Math.max(0, breaker.until - now) : 0;
}

/** A start is made: an open breaker whose time has come lets this one through. */
export function beforeStart(breaker: Breaker): Breaker {
  return breaker.name === "open" ? { name: "half-open", openings: breaker.openings } : breaker;
}

function open(openings: number, now: number, { rest, mostRest }: BreakerLimits): Breaker {
  return { name: "open", until: now + Math.min(mostRest, rest * 2 ** openings), openings: openings + 1 };
}
