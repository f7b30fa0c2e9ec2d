import type { ResolvedPoolOptions } from "../config/pool-options.ts";

/** Within what the number of running workers may move. Times are milliseconds. */
export interface ScaleLimits {
  /** Fewest while there are requests. */
  readonly least: number;
  /** As many as the plan has. */
  readonly most: number;
  /** Requests that one worker works on at once. */
  readonly slots: number;
  /** How long the head of the queue waits before a worker is added. */
  readonly upDelay: number;
  /** Pause after a change before a worker is added. */
  readonly upCooldown: number;
  /** How long a worker must have been spare before it is ended. */
  readonly downDelay: number;
  /** How long there must have been no request before all are ended; 0: never. */
  readonly idleTimeout: number;
}

type ScaleOptions = Pick<
  ResolvedPoolOptions,
  "workers" | "minWorkers" | "maxWorkers" | "scaleUpDelay" | "scaleUpCooldown" | "scaleDownDelay" | "idleTimeout"
>;

/** @param plan what is to be run when all of it runs */
export function scaleLimitsOf(
  options: ScaleOptions,
  plan: { readonly workers: readonly unknown[]; readonly slots: number },
): ScaleLimits {
  const most = plan.workers.length;
  return {
    least: Math.min(leastWorkers(options) ?? most, most),
    most,
    slots: plan.slots,
    upDelay: options.scaleUpDelay,
    upCooldown: options.scaleUpCooldown,
    downDelay: options.scaleDownDelay,
    idleTimeout: options.idleTimeout,
  };
}

/** How many a pool starts with. */
export function firstWorkers({ workers }: Pick<ScaleOptions, "workers">, { least, most }: ScaleLimits): number {
  return workers === "auto" ? least : Math.min(workers, most);
}

/** As `minWorkers` is documented; null: all of the plan's. */
export function leastWorkers({
  workers,
  minWorkers,
  maxWorkers,
}: Pick<ScaleOptions, "workers" | "minWorkers" | "maxWorkers">): number | null {
  if (minWorkers !== "auto") return minWorkers;
  if (workers !== "auto") return workers;
  return maxWorkers === "auto" ? null : 1;
}
