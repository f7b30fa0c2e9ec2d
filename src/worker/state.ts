import type { Ending, FailureReason } from "../engine/engine.ts";

/**
 * The life of one process. A worker object lives through one process; a restart makes a new worker. `since` is
 * performance.now() of this process. A suspect worker still runs and may recover: prefer others.
 */
export type WorkerState =
  | { readonly name: "starting"; readonly since: number; readonly pid: number | null }
  | { readonly name: "ready"; readonly since: number; readonly pid: number; readonly suspect: boolean }
  | { readonly name: "draining"; readonly since: number; readonly pid: number }
  | { readonly name: "stopped"; readonly since: number }
  | { readonly name: "failed"; readonly since: number; readonly failure: Failure };

/** Why a worker is given up that has not ended. */
export type Fault = Extract<FailureReason, "stopped" | "wedged" | "never-ready">;

/** Facts of a failure: what the supervisor decides on and what a person is told. */
export interface Failure extends Ending {
  readonly reason: FailureReason;
  /** Whether it had ever been ready. */
  readonly wasReady: boolean;
  /** Requests that were in it. */
  readonly requests: number;
  /** One sentence, ending with what to do. */
  readonly message: string;
  readonly pid: number | null;
}
