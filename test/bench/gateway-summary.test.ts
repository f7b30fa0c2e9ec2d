import { expect, it } from "vitest";
import type { FrontRound, Round } from "../../bench/gateway/rounds.ts";
import { compare, rowOf, tables } from "../../bench/gateway/summary.ts";
import { rotated } from "../../bench/kit/rotated.ts";

function front(firstBytes: number[], cpuPerThousand: number, perSecond: number): FrontRound {
  const streaming = { chunks: 1000, cpuPerThousand, clientPerThousand: 5, firstBytes };
  return { firstBytes, streaming, small: { perSecond, cpuPerThousand: cpuPerThousand * 2 } };
}

const ROUNDS: Round[] = [
  new Map([
    ["direct", front([1, 2, 3], 0, 1000)],
    ["corral", front([1.4, 2.4, 3.4], 60, 400)],
    ["nginx", front([1.1, 2.1, 3.1], 20, 800)],
  ]),
  new Map([
    ["direct", front([10, 20, 30], 0, 500)],
    ["corral", front([10.8, 20.8, 30.8], 90, 300)],
    ["nginx", front([10.2, 20.2, 30.2], 30, 300)],
  ]),
];

it("adds up what a front adds to the direct way, pair by pair", () => {
  const row = rowOf("corral", ROUNDS);
  expect(row.addedP50).toBeCloseTo(0.6);
  expect(row.addedP99).toBeCloseTo(0.8);
  expect(row.cpuPerThousandChunks).toBe(75);
});

it("divides corral's figure by the rival's round by round", () => {
  const { addedP50, cpuPerThousandChunks, smallPerSecond } = compare("nginx", ROUNDS);
  expect(addedP50).toBeCloseTo(4);
  expect(cpuPerThousandChunks).toEqual({ median: 3, least: 3, most: 3 });
  expect(smallPerSecond).toEqual({ median: 0.75, least: 0.5, most: 1 });
});

it("does not divide by a rival that added nothing", () => {
  const free: Round = new Map([...ROUNDS[0]!, ["nginx", front([0.9, 2, 2.9], 20, 800)]]);
  expect(compare("nginx", [free]).addedP50).toBeNaN();
});

it("prints the ratios before the figures, and no ratios without a rival", () => {
  const [ratios, figures] = tables(["direct", "corral", "nginx"], ROUNDS).split("\n\n");
  expect(ratios).toContain("| nginx ");
  expect(ratios).not.toContain("| direct ");
  expect(figures).toContain("| direct ");
  expect(tables(["direct", "corral"], ROUNDS)).not.toContain("divided by");
});

it("begins each turn with another one", () => {
  expect([0, 1, 2, 3].map((turn) => rotated(["a", "b", "c"], turn).join(""))).toEqual(["abc", "bca", "cab", "abc"]);
});
