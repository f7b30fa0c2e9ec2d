import type { Upstream } from "./upstream.ts";

/** Chooses among upstreams. Pure: the same state gives the same choice. */
export interface Policy {
  readonly name: string;
  /** Undefined when none is available. */
  pick<U extends Upstream>(upstreams: readonly U[]): U | undefined;
}
