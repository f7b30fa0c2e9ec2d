import { pairedRatio } from "../../src/load/statistics.ts";
import { figure } from "../kit/table.ts";
import type { Verdict } from "../kit/verdict.ts";
import type { Cell } from "../pool/rounds.ts";

/** What a tuned plan must reach against the rival. */
const NEVER_LESS = 1;
const BESIDE_NEIGHBOUR = 1.5;

/** Of each thing that is required. Pure. */
export function verdictsOf(cells: readonly Cell[], tuned: string, rival: string, goalConcurrency: number): Verdict[] {
  const ratio = (busy: boolean, concurrency: number) => {
    const rates = (name: string) =>
      cells
        .filter((cell) => cell.name === name && cell.busyNeighbour === busy && cell.concurrency === concurrency)
        .sort((a, b) => a.round - b.round)
        .map(({ tokensPerSecond }) => tokensPerSecond);
    return pairedRatio(rates(tuned), rates(rival)).median;
  };
  const judged = (required: number, value: number, what: string) => ({
    what: `at least ${required}x ${what}`,
    is: `${figure(value)}x`,
    reached: value >= required,
  });
  const concurrencies = [...new Set(cells.map(({ concurrency }) => concurrency))];
  const everywhere = [false, true].flatMap((busy) =>
    concurrencies.map((n) => judged(NEVER_LESS, ratio(busy, n), `${n} at once, ${busy ? "busy neighbour" : "quiet"}`)),
  );
  const atGoal = concurrencies
    .filter((n) => n === goalConcurrency)
    .map((n) => judged(BESIDE_NEIGHBOUR, ratio(true, n), `${n} at once, busy neighbour (the goal's)`));
  return [...everywhere, ...atGoal];
}
