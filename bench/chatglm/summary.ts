import { median, pairedRatio } from "../../src/load/statistics.ts";
import { figure, markdownTable, times } from "../kit/table.ts";
import type { Cell } from "./rounds.ts";
import { CONVERTED, RIVAL } from "./servers.ts";

const PHASES = ["prefill", "decode"] as const;

/** Ratios first, then tokens per second; both by number of threads. */
export function tables(cells: readonly Cell[]): string {
  const threads = [...new Set(cells.map((cell) => cell.threads))];
  const rates = (program: string, count: number, phase: (typeof PHASES)[number]) =>
    cells.filter((cell) => cell.program === program && cell.threads === count).map((cell) => cell[phase]);
  const titles = threads.map((count) => `${count} ${count === 1 ? "thread" : "threads"}`);
  return [
    markdownTable(
      [`${CONVERTED}, divided by ${RIVAL}`, ...titles],
      PHASES.map((phase) => [
        phase,
        ...threads.map((count) => times(pairedRatio(rates(CONVERTED, count, phase), rates(RIVAL, count, phase)))),
      ]),
    ),
    markdownTable(
      ["tokens/s, same run", "phase", ...titles],
      [RIVAL, CONVERTED].flatMap((program) =>
        PHASES.map((phase) => [
          program,
          phase,
          ...threads.map((count) => figure(median(rates(program, count, phase)))),
        ]),
      ),
    ),
  ].join("\n\n");
}
