import { expect, it } from "vitest";
import { exitCodeOf, verdictLine } from "../../bench/kit/verdict.ts";
import type { Cell } from "../../bench/pool/rounds.ts";
import { verdictsOf } from "../../bench/tune/verdict.ts";

/** Two rounds of one concurrency; the rival's second round went on while the machine was twice as slow. */
function cells(concurrency: number, busyNeighbour: boolean, ratios: readonly [number, number]): Cell[] {
  return ratios.flatMap((ratio, round) => {
    const rival = round === 0 ? 40 : 20;
    const cell = { round, busyNeighbour, concurrency };
    return [
      { ...cell, name: "rival", tokensPerSecond: rival },
      { ...cell, name: "mine", tokensPerSecond: rival * ratio },
    ];
  });
}

const judged = (quiet: readonly [number, number], busy: readonly [number, number]) =>
  verdictsOf([...cells(8, false, quiet), ...cells(8, true, busy)], "mine", "rival", 8);

it("judges by the median of the rounds' ratios: never slower, and well ahead beside a neighbour", () => {
  expect(judged([0.98, 1.01], [1.2, 1.7]).map(verdictLine)).toEqual([
    "MISSED: at least 1x 8 at once, quiet: 0.995x",
    "reached: at least 1x 8 at once, busy neighbour: 1.45x",
    "MISSED: at least 1.5x 8 at once, busy neighbour (the goal's): 1.45x",
  ]);
});

it("ends a benchmark with 1 where one thing was missed", () => {
  expect(exitCodeOf(judged([1, 1.02], [2, 3]))).toBe(0);
  expect(exitCodeOf(judged([1, 0.9], [2, 3]))).toBe(1);
});
