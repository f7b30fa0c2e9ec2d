import type { Policy } from "./policy.ts";
import { isAvailable, type Upstream } from "./upstream.ts";

/** Most free slots; of equals the least recently used, so that idle workers take turns. */
export const leastBusy: Policy = {
  name: "least-busy",
  pick<U extends Upstream>(upstreams: readonly U[]): U | undefined {
    let best: U | undefined;
    for (const upstream of upstreams) {
      if (isAvailable(upstream) && (best === undefined || isBetter(upstream, best))) best = upstream;
    }
    return best;
  },
};

function isBetter(upstream: Upstream, best: Upstream): boolean {
  const difference = upstream.slots - upstream.inFlight - (best.slots - best.inFlight);
  return difference === 0 ? upstream.lastUsed < best.lastUsed : difference > 0;
}
