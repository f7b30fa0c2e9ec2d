import type { Endpoint } from "../endpoint.ts";

/** A worker (or a remote server) as the router sees it: `available = healthy and not full`. */
export interface Upstream {
  /** Unique for each start of a worker: "qwen#0.3" is replica 0, started for the fourth time (0-based). */
  readonly id: string;
  readonly endpoint: Endpoint;
  /** Requests it works on at once. */
  readonly slots: number;
  /** False while ejected or at rest; only Admission changes it. */
  readonly healthy: boolean;
  readonly inFlight: number;
  /** Requests it has answered in full. */
  readonly served: number;
  /** Rises over all upstreams with each request; 0 before the first. The least recently used has the smallest. */
  readonly lastUsed: number;
}
