import type { RunOptions } from "../route/admission.ts";
import type { Lease } from "../route/live-upstream.ts";
import type { Ending } from "./attempt.ts";

/** Sends a request to the worker of the lease. Never rejects. */
export type Task = (lease: Lease) => Promise<Ending>;

/** Where requests wait for a slot: all of them, or those that may have killed a worker. */
export interface Gate {
  run(task: Task, options: RunOptions): Promise<Ending>;
  /** Something went wrong on the way to this upstream: nothing is sent there for a moment. */
  rest(upstream: string): void;
}
