import type { Figures, Goal } from "./goal.ts";
import type { EngineSettings, KeyValueType } from "./settings.ts";

/** What the tuner found best on this machine, for one model, build, goal and concurrency. */
export interface Tuned {
  readonly goal: Goal;
  readonly concurrency: number;
  readonly workers: number;
  readonly threads: number;
  readonly slots: number;
  readonly repack: boolean;
  readonly keyValueType: KeyValueType;
  readonly settings: EngineSettings;
  /** As measured. */
  readonly figures: Figures;
  /** Of the plan without tuning, measured in the same run. */
  readonly untuned: Figures;
  /** Whether shapes were judged beside a busy neighbour. */
  readonly robust: boolean;
  /** How many shapes were measured. */
  readonly tried: number;
  /** ISO 8601. */
  readonly measuredAt: string;
}
