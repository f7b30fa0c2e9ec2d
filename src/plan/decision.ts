import type { Machine } from "../machine/machine.ts";
import type { ModelDescription } from "../model/description.ts";
import type { Choice } from "./choose.ts";
import type { EngineChoice } from "./engine-choice.ts";
import type { Goal, Load } from "./goal.ts";
import type { PlanOverrides, PlanWish } from "./plan.ts";
import type { Seat, Seats } from "./seats.ts";
import type { Shape } from "./shape.ts";
import type { Tuned } from "./tuned.ts";

/** What was asked, and how it was decided: all that a plan, and why it is so, can be told from. */
export interface Decision {
  readonly machine: Machine;
  readonly model: ModelDescription;
  readonly engine: EngineChoice;
  /** Of the user. */
  readonly overrides: PlanOverrides;
  readonly wish: PlanWish;
  /** Null where nothing was measured, or nothing that can be used. */
  readonly tuned: Tuned | null;
  /** What the user and measurements fixed. */
  readonly given: PlanOverrides;
  readonly goal: Goal;
  readonly load: Load;
  readonly seating: Seats;
  readonly choice: Choice;
  /** The chosen split with nothing given up. */
  readonly wanted: Shape;
  /** The same after what had to be given up for memory. */
  readonly shape: Shape;
  /** What that was, in sentences. */
  readonly givenUp: readonly string[];
  /** The seats of each worker. */
  readonly sets: readonly (readonly Seat[])[];
}
