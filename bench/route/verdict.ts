import { figure } from "../kit/table.ts";
import type { Verdict } from "../kit/verdict.ts";
import type { Figures } from "./figures.ts";

/** Figures of one policy on one workload over so many workers. */
export interface Cell {
  readonly workload: string;
  readonly workers: number;
  readonly policy: string;
  readonly figures: Figures;
}

/** So much slower than the best is as good as the best. */
const TOLERANCE = 1.03;

/** Of each workload, number of workers and percentile: whether `policy` is the best, or near it. Pure. */
export function verdictsOf(cells: readonly Cell[], policy: string): Verdict[] {
  return cells
    .filter((cell) => cell.policy === policy)
    .flatMap((mine) => {
      const rivals = cells.filter(
        ({ workload, workers, policy: other }) =>
          workload === mine.workload && workers === mine.workers && other !== policy,
      );
      return (["p50", "p95"] as const).map((percentile) => judge(mine, rivals, percentile));
    });
}

function judge(mine: Cell, rivals: readonly Cell[], percentile: "p50" | "p95"): Verdict {
  const best = rivals.reduce<Cell | null>((least, cell) => {
    return least === null || cell.figures[percentile] < least.figures[percentile] ? cell : least;
  }, null);
  const ratio = best === null ? Number.NaN : mine.figures[percentile] / best.figures[percentile];
  return {
    what: `${percentile} to the first token, ${mine.workload}, ${mine.workers} workers`,
    is: best === null ? "nothing to compare it with" : `${figure(ratio)}x that of ${best.policy}, the best other`,
    reached: ratio <= TOLERANCE,
  };
}
