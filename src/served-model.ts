import type { Pool } from "./pool-types.ts";

/** A model as the HTTP front sees it: a pool, or what stands for one that is loaded on demand or is being replaced. */
export interface ServedModel
  extends Pick<Pool, "name" | "model" | "plan" | "state" | "isReady" | "stats" | "exchange"> {
  /** Other names that clients may use. Default none. */
  readonly aliases?: readonly string[];
}
