import type { PoolState } from "../pool-types.ts";
import type { ServedModel } from "../served-model.ts";

export interface Readiness {
  readonly isReady: boolean;
  readonly state: "ready" | "loading" | "draining" | "failed";
  readonly models: Readonly<Record<string, PoolState>>;
}

/**
 * Ready once no model is loading any more and one at least can answer: a failed model does not take the others out of
 * a load balancer.
 */
export function readinessOf(pools: readonly ServedModel[], isDraining: boolean): Readiness {
  const models = Object.fromEntries(pools.map((pool) => [pool.name, pool.state]));
  const states = Object.values(models);
  const state = isDraining
    ? "draining"
    : states.includes("starting")
      ? "loading"
      : pools.some(({ isReady }) => isReady)
        ? "ready"
        : "failed";
  return { isReady: state === "ready", state, models };
}

/** The same in llama-server's words. */
export function llamaHealth({ isReady, state }: Readiness): unknown {
  if (isReady) return { status: "ok" };
  const message = state === "loading" ? "Loading model" : state === "draining" ? "Draining" : "No worker is alive";
  return { error: { code: 503, message, type: "unavailable_error" } };
}
