import { escapeHtml } from "../../src/cli/bench-report/escape.ts";
import { figure } from "../kit/table.ts";
import { workloadsOf } from "./summary.ts";
import type { Cell } from "./verdict.ts";

const WIDTH = 760;
const LABEL = 150;
const FIGURES = 130;
const ROW = 16;
const BAR = 11;
const TITLE = 30;
const GAP = 10;
/** Readable on white and on black. */
const COLOURS = ["#2f7ed8", "#d9822b", "#7d8a97", "#6a9a3b"] as const;

/** The same bars as in the terminal, for a page: the median solid, on to the 95th percentile pale. */
export function svg(cells: readonly Cell[]): string {
  const policies = [...new Set(cells.map(({ policy }) => policy))];
  const parts: string[] = [];
  let y = 0;
  for (const workload of workloadsOf(cells)) {
    y += TITLE;
    parts.push(text(0, y - 10, `${workload}: seconds to the first token, p50 to p95`, "title"));
    const shown = cells.filter((cell) => cell.workload === workload);
    for (const size of new Set(shown.map(({ workers }) => workers))) {
      const group = shown.filter(({ workers }) => workers === size);
      const longest = Math.max(...group.map(({ figures }) => figures.p95));
      for (const cell of group) {
        parts.push(rowOf(cell, y, longest, COLOURS[policies.indexOf(cell.policy) % COLOURS.length] ?? COLOURS[0]));
        y += ROW;
      }
      y += GAP;
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="11" fill="#7d8a97">
<title>Time to the first token by workload, workers and policy</title>
<style>.title{font-size:13px;font-weight:bold}</style>
${parts.join("\n")}
</svg>
`;
}

function rowOf({ policy, workers, figures: { p50, p95 } }: Cell, y: number, longest: number, colour: string): string {
  const room = WIDTH - LABEL - FIGURES;
  const bar = (seconds: number, opacity: number) => {
    const width = ((room * seconds) / longest).toFixed(1);
    return `<rect x="${LABEL}" y="${y}" width="${width}" height="${BAR}" fill="${colour}" opacity="${opacity}"/>`;
  };
  return [
    text(0, y + BAR - 2, `${workers} x ${policy}`, "label"),
    bar(p95, 0.35),
    bar(p50, 1),
    text(LABEL + room + 8, y + BAR - 2, `${figure(p50)} to ${figure(p95)} s`, "label"),
  ].join("");
}

function text(x: number, y: number, content: string, kind: "title" | "label"): string {
  return `<text x="${x}" y="${y}" class="${kind}">${escapeHtml(content)}</text>`;
}
