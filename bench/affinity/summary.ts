import { median, pairedRatio, percentile, type Ratio } from "../../src/load/statistics.ts";
import { figure, markdownTable, times } from "../kit/table.ts";
import type { Verdict } from "../kit/verdict.ts";
import type { Cell } from "./rounds.ts";

interface Measure {
  readonly title: string;
  of(cell: Cell): number;
}

const seconds = (turns: readonly { firstToken: number }[], p: number) =>
  percentile(
    turns.map(({ firstToken }) => firstToken / 1_000),
    p,
  );
const later = ({ turns }: Cell) => turns.filter(({ turn }) => turn >= 2);

const LATER_MEDIAN: Measure = { title: "TTFT of turns 2 and later, p50", of: (cell) => seconds(later(cell), 50) };
const MEASURES: readonly Measure[] = [
  LATER_MEDIAN,
  { title: "p95", of: (cell) => seconds(later(cell), 95) },
  { title: "TTFT of all turns, p50", of: ({ turns }) => seconds(turns, 50) },
  { title: "p95", of: ({ turns }) => seconds(turns, 95) },
  { title: "answer tokens/s", of: ({ throughput }) => throughput },
];

/** How many times lower the first token's wait must be. */
const LOWER = 3;

/** The rivals divided by `mine` first (so: how many times longer one waits there), then what was measured. */
export function tables(names: readonly string[], mine: string, cells: readonly Cell[]): string {
  const titles = MEASURES.map(({ title }) => title);
  const rivals = names.filter((name) => name !== mine);
  return [
    markdownTable(
      [`divided by ${mine}`, ...titles],
      rivals.map((name) => [name, ...MEASURES.map((measure) => times(ratioOf(cells, name, mine, measure)))]),
    ),
    markdownTable(
      ["seconds, same run", ...titles],
      names.map((name) => [name, ...MEASURES.map((measure) => figure(median(valuesOf(cells, name, measure))))]),
    ),
  ].join("\n\n");
}

/** Of each rival: whether the first token of later turns comes soon enough. Pure. */
export function verdictsOf(names: readonly string[], mine: string, cells: readonly Cell[]): Verdict[] {
  return names
    .filter((name) => name !== mine)
    .map((name) => {
      const ratio = ratioOf(cells, name, mine, LATER_MEDIAN).median;
      return {
        what: `p50 to the first token of turns 2 and later at least ${LOWER}x lower than ${name}`,
        is: `${figure(ratio)}x`,
        reached: ratio >= LOWER,
      };
    });
}

function ratioOf(cells: readonly Cell[], name: string, mine: string, measure: Measure): Ratio {
  return pairedRatio(valuesOf(cells, name, measure), valuesOf(cells, mine, measure));
}

function valuesOf(cells: readonly Cell[], name: string, { of }: Measure): number[] {
  return cells
    .filter((cell) => cell.name === name)
    .sort((a, b) => a.round - b.round)
    .map(of);
}
