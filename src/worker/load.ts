import type { Loss } from "../loss.ts";

/**
 * What is going on inside a worker, as its caller sees it. The pool gives one to each worker: the worker room asks it
 * and never counts requests itself.
 */
export interface Load {
  /** Requests sent and not yet answered in full. */
  readonly inFlight: number;
  /** Requests answered in full. */
  readonly served: number;
  /** performance.now() of the last byte that came back, or of the moment inFlight rose from 0. */
  readonly lastProgressAt: number;
  /** Milliseconds between two bytes that came back, at the most of late; 0 before the second. */
  readonly rhythm: number;
  /** Resolves when inFlight is 0; rejects with the signal's reason. */
  whenIdle(signal?: AbortSignal): Promise<void>;
  /** What is still in flight goes no further here: the connections are closed. */
  cut(loss: Loss): void;
  /** The same for what can as well go on elsewhere just now. */
  move(loss: Loss): void;
}
