import { groupBy } from "../../src/plan/group-by.ts";
import type { Cell, MeasuredCell } from "./grid.ts";

export interface Choice<C extends Cell = Cell> {
  readonly cell: C;
  /** Tokens a second, predicted. */
  readonly decode: number;
}

/** What splits are compared among each other: those for so many requests at once, or with so many slots each. */
export type Reading = "concurrency" | "batch";

export type PredictDecode = (cell: Cell) => number;

/** The split that is predicted best, of those that a grid has; one for each host, model and concurrency (or batch). */
export function choose<C extends Cell>(cells: readonly C[], predict: PredictDecode, by: Reading): Choice<C>[] {
  return contests(cells, by).map(({ first, rest }) =>
    rest.reduce<Choice<C>>(
      (best, cell) => {
        const decode = predict(cell);
        return decode > best.decode ? { cell, decode } : best;
      },
      { cell: first, decode: predict(first) },
    ),
  );
}

/** How a choice did, by what was measured. Ratios of decode throughput. */
export interface Verdict {
  readonly grid: string;
  /** The concurrency or batch. */
  readonly at: number;
  /** Of the best split: 1 when that was chosen. */
  readonly share: number;
  /** Over one process with all threads; null where the grid has none here. */
  readonly overOneProcess: number | null;
  /** Over as many processes as there are groups of 8 cores; null where the grid has none here. */
  readonly overEightCores: number | null;
}

export function judge(cells: readonly MeasuredCell[], predict: PredictDecode, by: Reading): Verdict[] {
  const choices = choose(cells, predict, by);
  return contests(cells, by).flatMap(({ first, rest }, index): Verdict[] => {
    const chosen = choices[index]?.cell;
    if (chosen === undefined) return [];
    const rivals = [first, ...rest];
    const over = (rival: MeasuredCell | undefined) => (rival === undefined ? null : chosen.decode / rival.decode);
    return [
      {
        grid: `${first.hostName} ${first.modelName}`,
        at: by === "batch" ? first.split.slots : first.load.concurrency,
        share: chosen.decode / Math.max(...rivals.map(({ decode }) => decode)),
        overOneProcess: over(oneProcess(rivals)),
        overEightCores: over(rivals.find(({ host, split }) => split.workers === Math.round(host.cores / 8))),
      },
    ];
  });
}

/** With as many threads as there are cores, or what is nearest to it. */
function oneProcess(cells: readonly MeasuredCell[]): MeasuredCell | undefined {
  const distance = ({ host, split }: Cell) => Math.abs(split.threads - host.cores);
  return cells.filter(({ split }) => split.workers === 1).toSorted((a, b) => distance(a) - distance(b))[0];
}

interface Contest<C> {
  readonly first: C;
  readonly rest: readonly C[];
}

function contests<C extends Cell>(cells: readonly C[], by: Reading): Contest<C>[] {
  const keyOf = ({ hostName, modelName, split, load }: Cell) =>
    JSON.stringify([hostName, modelName, by === "batch" ? split.slots : load.concurrency]);
  return groupBy(cells, keyOf).flatMap(([first, ...rest]) => (first === undefined ? [] : [{ first, rest }]));
}
