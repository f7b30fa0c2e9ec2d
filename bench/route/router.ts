import type { Policy } from "../../src/route/policy.ts";
import type { Upstream } from "../../src/route/upstream.ts";
import type { Request } from "./request.ts";
import type { Router } from "./simulate.ts";

/** The gateway's policies over a queue in the order of arrival. */
export function createRouter(policy: Policy, workers: number, slots: number): Router {
  const upstreams = Array.from({ length: workers }, (_, index) => new SimulatedUpstream(index, slots));
  const at = new Map<Request, SimulatedUpstream>();
  const waiting: Request[] = [];
  let uses = 0;
  return {
    arrived: (request) => {
      waiting.push(request);
    },
    firstToken: () => {},
    ended: (request) => {
      const upstream = at.get(request);
      at.delete(request);
      if (upstream) upstream.inFlight -= 1;
    },
    *starts() {
      for (let [request] = waiting; request !== undefined; [request] = waiting) {
        const upstream = policy.pick<SimulatedUpstream>(upstreams);
        if (upstream === undefined) return;
        waiting.shift();
        upstream.inFlight += 1;
        upstream.lastUsed = ++uses;
        at.set(request, upstream);
        yield { request, worker: upstream.index };
      }
    },
  };
}

class SimulatedUpstream implements Upstream {
  readonly endpoint = { kind: "tcp", host: "127.0.0.1", port: 1, key: "" } as const;
  readonly healthy = true;
  readonly served = 0;
  readonly index: number;
  readonly slots: number;
  inFlight = 0;
  lastUsed = 0;

  constructor(index: number, slots: number) {
    this.index = index;
    this.slots = slots;
  }

  get id(): string {
    return String(this.index);
  }
}
