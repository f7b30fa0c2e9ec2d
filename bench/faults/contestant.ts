import type { WorkerAddress } from "../fronts/front.ts";

export type Defer = (undo: () => void | Promise<void>) => void;

/** A front over two workers that come back when they die: what is asked, and what faults are done to. */
export interface Contestant {
  readonly name: string;
  readonly origin: string;
  /** The workers' processes that are there now, the oldest first. */
  workers(): readonly WorkerAddress[];
  /** Resolves when all workers are there and serve. */
  whole(): Promise<void>;
  /** Counts workers' deaths from now on; the function it returns ends that. */
  watchDeaths(): () => Promise<Deaths>;
}

export interface Deaths {
  /** Processes that ended. */
  readonly deaths: number;
  /** Of these, the ones that were open to other requests. */
  readonly serving: number;
}

export interface ContestantStart {
  /** Requests that may wait for a slot before others are refused; null: enough for all. */
  readonly queue: number | null;
}
