import type { Verdict } from "../kit/verdict.ts";
import type { Contestant, ContestantStart } from "./contestant.ts";
import type { EngineName, Suite } from "./suite.ts";

export interface Scene {
  readonly contestant: Contestant;
  readonly suite: Suite;
  /** A short run, for a look. */
  readonly quick: boolean;
}

/** One kind of fault: what is done, what is counted, and what is required. */
export interface FaultCase<Figures> {
  readonly name: string;
  readonly title: string;
  readonly method: string;
  readonly engines: readonly EngineName[];
  start(suite: Suite): ContestantStart;
  measure(scene: Scene): Promise<Figures>;
  /** Columns of the table by their titles. */
  row(figures: Figures): Readonly<Record<string, string>>;
  verdicts(figures: Figures): readonly Verdict[];
}
