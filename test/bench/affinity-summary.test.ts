import { expect, it } from "vitest";
import type { Cell } from "../../bench/affinity/rounds.ts";
import { tables, verdictsOf } from "../../bench/affinity/summary.ts";
import { withFlags } from "../../bench/affinity/worker-commands.ts";
import { verdictLine } from "../../bench/kit/verdict.ts";

function cell(name: string, round: number, later: number): Cell {
  const turns = [
    { turn: 1, firstToken: 9_000 },
    { turn: 2, firstToken: later },
    { turn: 3, firstToken: later },
  ];
  return { name, round, turns, throughput: 50 };
}

const NAMES = ["mine", "near", "far"];
const CELLS = [0, 1].flatMap((round) => [
  cell("mine", round, 100 * (round + 1)),
  cell("near", round, 299 * (round + 1)),
  cell("far", round, 301 * (round + 1)),
]);

it("asks for three times less to the first token of turns 2 and later, by the ratios of each round", () => {
  expect(verdictsOf(NAMES, "mine", CELLS).map(verdictLine)).toEqual([
    "MISSED: p50 to the first token of turns 2 and later at least 3x lower than near: 2.99x",
    "reached: p50 to the first token of turns 2 and later at least 3x lower than far: 3.01x",
  ]);
});

it("divides the rivals by what is ours, and keeps first turns out of the later ones", () => {
  const [ratios, figures] = tables(NAMES, "mine", CELLS).split("\n\n");
  expect(ratios).not.toContain("| mine");
  expect(ratios).toMatch(/\| far +\| +3\.01x/);
  expect(figures).toMatch(/\| far +\| +0\.452 \|/);
});

it("gives a worker's command line another address and key", () => {
  expect(
    withFlags(["-m", "f", "--port", "1", "-c", "8", "--api-key-file", "k"], { "--port": "2", "--host": "h" }),
  ).toEqual([..."-m f -c 8 --api-key-file k".split(" "), ..."--port 2 --host h".split(" ")]);
});
