import { groupBy } from "../../src/plan/group-by.ts";
import type { Cell } from "./grid.ts";

/** A cell and the decode throughput that was predicted for it. */
export interface Candidate {
  readonly cell: Cell;
  readonly predicted: number;
}

/** Predictions this close are the same; the fewest workers then, which take least memory. */
const TIE = 0.0;

export function best(candidates: readonly Candidate[]): Candidate | undefined {
  const most = Math.max(...candidates.map(({ predicted }) => predicted));
  const [first] = candidates
    .filter(({ predicted }) => predicted >= (1 - TIE) * most)
    .sort((a, b) => a.cell.split.workers - b.cell.split.workers || a.cell.split.threads - b.cell.split.threads);
  return first;
}
