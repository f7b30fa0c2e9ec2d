import type { PoolStats } from "../pool-types.ts";
import type { Observation } from "./watchdog.ts";

/** A model that may have requests, and the options that say how long it may be silent. */
export interface Observed {
  stats(): PoolStats;
  readonly stallTimeout: number;
  readonly startTimeout: number;
}

/**
 * A supervisor replaces a worker at the latest after ten times `stallTimeout` of silence; it gets half as much again
 * before nobody believes in it any more.
 */
const STALLS = 15;
/** The same for a worker that is being started. */
const STARTS = 1.5;

/** Turns what models have done into times since. It is asked again and again; what it finds changed is progress. */
export class Observer {
  readonly #seen = new Map<string, { readonly print: string; readonly at: number }>();
  readonly #now: () => number;

  /** @param now milliseconds, of a clock that only goes forward */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  observe(models: readonly Observed[]): Observation[] {
    return models.map((model) => {
      const stats = model.stats();
      return {
        inFlight: stats.queued + stats.slots.busy,
        sinceProgress: Math.min(this.#sinceChange(stats), shortestSilence(stats)),
        limit: limitOf(model, stats),
      };
    });
  }

  #sinceChange({ name, served, lost, aborted, refused, workers }: PoolStats): number {
    const now = this.#now();
    const print = JSON.stringify([served, lost, aborted, refused, workers.map(({ id, state }) => [id, state])]);
    const before = this.#seen.get(name);
    if (before?.print === print) return now - before.at;
    this.#seen.set(name, { print, at: now });
    return 0;
  }
}

/** Of several workers the one that has just sent something counts. */
function shortestSilence({ workers }: PoolStats): number {
  return Math.min(...workers.map(({ quiet }) => quiet ?? Number.POSITIVE_INFINITY));
}

function limitOf({ stallTimeout, startTimeout }: Observed, { state, workers }: PoolStats): number {
  const isStarting = state === "starting" || workers.some((worker) => worker.state === "starting");
  return Math.max(STALLS * stallTimeout, isStarting ? STARTS * startTimeout : 0);
}
