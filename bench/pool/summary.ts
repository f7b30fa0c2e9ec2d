import { median, pairedRatio } from "../../src/load/statistics.ts";
import { figure, markdownTable, times } from "../kit/table.ts";
import type { Cell } from "./rounds.ts";

/** Ratios to the rival first, then tokens per second; both by number of concurrent requests. */
export function tables(names: readonly string[], rival: string, cells: readonly Cell[]): string {
  const concurrencies = [...new Set(cells.map(({ concurrency }) => concurrency))];
  const rowsOf = (shown: readonly string[], cell: (name: string, busy: boolean, concurrency: number) => string) =>
    shown.flatMap((name) =>
      [false, true].map((busy) => [name, busy ? "busy" : "quiet", ...concurrencies.map((n) => cell(name, busy, n))]),
    );
  const titles = concurrencies.map((n) => `${n} at once`);
  const corrals = names.filter((name) => name !== rival);
  return [
    markdownTable(
      [`divided by ${rival}`, "neighbour", ...titles],
      rowsOf(corrals, (name, busy, n) => times(pairedRatio(rates(cells, name, busy, n), rates(cells, rival, busy, n)))),
    ),
    markdownTable(
      ["tokens/s, same run", "neighbour", ...titles],
      rowsOf(names, (name, busy, n) => figure(median(rates(cells, name, busy, n)))),
    ),
  ].join("\n\n");
}

function rates(cells: readonly Cell[], name: string, busy: boolean, concurrency: number): number[] {
  return cells
    .filter((cell) => cell.name === name && cell.busyNeighbour === busy && cell.concurrency === concurrency)
    .sort((a, b) => a.round - b.round)
    .map((cell) => cell.tokensPerSecond);
}
