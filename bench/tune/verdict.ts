import { pairedRatio } from "../../src/load/statistics.ts";
import { figure } from "../kit/table.ts";
import type { Cell } from "../pool/rounds.ts";

/** What a tuned plan must reach against the rival. */
const NEVER_LESS = 1;
const BESIDE_NEIGHBOUR = 1.5;

/** One line for each thing that is required, and whether it was reached. Pure. */
export function verdict(cells: readonly Cell[], tuned: string, rival: string, goalConcurrency: number): string[] {
  const ratio = (busy: boolean, concurrency: number) => {
    const rates = (name: string) =>
      cells
        .filter((cell) => cell.name === name && cell.busyNeighbour === busy && cell.concurrency === concurrency)
        .sort((a, b) => a.round - b.round)
        .map(({ tokensPerSecond }) => tokensPerSecond);
    return pairedRatio(rates(tuned), rates(rival)).median;
  };
  const line = (required: number, value: number, what: string) =>
    `${value >= required ? "reached" : "MISSED"}: at least ${required}x ${what}: ${figure(value)}x`;
  const concurrencies = [...new Set(cells.map(({ concurrency }) => concurrency))];
  const everywhere = [false, true].flatMap((busy) =>
    concurrencies.map((n) => line(NEVER_LESS, ratio(busy, n), `${n} at once, ${busy ? "busy neighbour" : "quiet"}`)),
  );
  const atGoal = concurrencies.includes(goalConcurrency)
    ? [line(BESIDE_NEIGHBOUR, ratio(true, goalConcurrency), `${goalConcurrency} at once, busy neighbour (the goal's)`)]
    : [];
  return [...everywhere, ...atGoal];
}
