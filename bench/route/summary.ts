import { bars } from "../../src/cli/terminal/bars.ts";
import { figure, markdownTable } from "../kit/table.ts";
import type { Cell } from "./verdict.ts";

/** A table for each workload: a row for each number of workers and policy. */
export function tables(cells: readonly Cell[]): string {
  return workloadsOf(cells)
    .map((workload) =>
      markdownTable(
        [workload, "workers", "TTFT s, p50", "p95", "p99", "prefill saved", "tokens/s"],
        cells
          .filter((cell) => cell.workload === workload)
          .map(({ policy, workers, figures: { p50, p95, p99, saved, throughput } }) => [
            policy,
            String(workers),
            ...[p50, p95, p99].map(figure),
            `${(100 * saved).toFixed(1)}%`,
            figure(throughput),
          ]),
      ),
    )
    .join("\n\n");
}

/** Bars for the terminal: the median solid, on to the 95th percentile pale; each workload and size to its own scale. */
export function plot(cells: readonly Cell[], width: number): string {
  return workloadsOf(cells)
    .flatMap((workload) => {
      const sizes = [...new Set(ofWorkload(cells, workload).map(({ workers }) => workers))];
      const groups = sizes.map((size) => {
        const items = ofWorkload(cells, workload).filter(({ workers }) => workers === size);
        const drawn = items.map(({ policy, figures: { p50, p95 } }) => ({
          label: policy,
          value: p50,
          most: p95,
          text: `${figure(p50)} to ${figure(p95)} s`,
        }));
        return `${size} workers\n${bars(drawn, width)}`;
      });
      return [`${workload}: seconds to the first token, p50 to p95`, ...groups];
    })
    .join("\n\n");
}

export function workloadsOf(cells: readonly Cell[]): string[] {
  return [...new Set(cells.map(({ workload }) => workload))];
}

function ofWorkload(cells: readonly Cell[], workload: string): Cell[] {
  return cells.filter((cell) => cell.workload === workload);
}
