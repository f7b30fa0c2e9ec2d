import { expect, it } from "vitest";
import type { Cell } from "../../bench/pool/rounds.ts";
import { shapeName, shapesFor } from "../../bench/pool/shapes.ts";
import { tables } from "../../bench/pool/summary.ts";

it("halves the threads as it doubles the workers, with the same slots in all", () => {
  expect(shapesFor(2, 8)).toEqual([
    { workers: 1, threads: 2, slots: 8 },
    { workers: 2, threads: 1, slots: 4 },
  ]);
  expect(shapesFor(96, 8).map(({ workers, threads }) => `${workers}x${threads}`)).toEqual([
    "1x96",
    "2x48",
    "4x24",
    "8x12",
    "16x6",
  ]);
  expect(shapesFor(1, 8)).toHaveLength(1);
});

it("never plans more threads than CPUs", () => {
  for (let cpus = 1; cpus <= 130; cpus += 1) {
    for (const { workers, threads } of shapesFor(cpus, 8)) expect(workers * threads).toBeLessThanOrEqual(cpus);
  }
});

it("names a shape as people say it", () => {
  expect(shapeName({ workers: 1, threads: 2, slots: 8 })).toBe("corral, 1 worker x 2 threads");
  expect(shapeName({ workers: 2, threads: 1, slots: 4 })).toBe("corral, 2 workers x 1 thread");
});

it("divides by the rival's figure of the same round, not by its median", () => {
  const cell = (name: string, round: number, rate: number): Cell[] =>
    [false, true].map((busyNeighbour) => ({ name, round, busyNeighbour, concurrency: 4, tokensPerSecond: rate }));
  const cells = [cell("us", 1, 300), cell("us", 0, 20), cell("them", 0, 10), cell("them", 1, 100)].flat();
  const [ratios, figures] = tables(["them", "us"], "them", cells).split("\n\n");
  expect(ratios?.split("\n")).toHaveLength(4);
  expect(ratios).toContain("2.50x (2.00 to 3.00)");
  expect(figures).toMatch(/\| them +\| +busy \| +55\.0 \|/);
});
