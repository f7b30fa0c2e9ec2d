import type { Plan, RequestShape } from "../../index.ts";

/** Askers at once, and how many requests they share. */
export interface Level {
  readonly concurrency: number;
  readonly requests: number;
}

/** A request of each shape twice as often as there are askers, and each shape equally often. */
const ROUNDS = 2;

/** What is measured unless the user says otherwise: 1, 2, 4 ... and as many at once as there are slots. */
export function levelsOf(
  plan: Pick<Plan, "workers" | "slots">,
  shapes: readonly RequestShape[],
  asked: { readonly concurrency?: readonly number[] | undefined; readonly requests?: number | undefined },
): Level[] {
  const { concurrency = doublingTo(plan.workers.length * plan.slots), requests } = asked;
  return concurrency.map((each) => ({
    concurrency: each,
    requests: Math.max(each, requests ?? shapes.length * Math.ceil((ROUNDS * each) / shapes.length)),
  }));
}

/** 1, 2, 4 ... below `most`, and `most`. */
export function doublingTo(most: number): number[] {
  const powers = Array.from({ length: 32 }, (_, power) => 2 ** power);
  return [...powers.filter((power) => power < most), most];
}
