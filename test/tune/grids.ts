import { readFileSync } from "node:fs";

/** A candidate of a published grid: so many processes on all cores, each with so many sequences. */
export interface Shape {
  readonly workers: number;
  readonly threads: number;
  readonly slots: number;
}

/** Every candidate of one host and model, measured: see bench/data/README.md. */
export interface Grid {
  readonly name: string;
  readonly host: string;
  readonly cells: readonly { readonly shape: Shape; readonly prefill: number; readonly decode: number }[];
}

const data = (name: string) => readFileSync(new URL(`../../bench/data/${name}`, import.meta.url), "utf8");

export function publishedGrids(): Grid[] {
  const [header = "", ...lines] = data("cpu-process-grids.csv").trim().split("\n");
  const columns = header.split(",");
  const grids = new Map<string, { name: string; host: string; cells: Grid["cells"][number][] }>();
  for (const line of lines) {
    const values = line.split(",");
    const of = (column: string) => values[columns.indexOf(column)] ?? "";
    const name = `${of("host")}, ${of("model")}`;
    const grid = grids.get(name) ?? { name, host: of("host"), cells: [] };
    grid.cells.push({
      shape: {
        workers: Number(of("processes")),
        threads: Number(of("threads_per_process")),
        slots: Number(of("batch_per_process")),
      },
      prefill: Number(of("prefill_tokens_per_s")),
      decode: Number(of("decode_tokens_per_s")),
    });
    grids.set(name, grid);
  }
  return [...grids.values()];
}

export const shapeKey = ({ workers, threads, slots }: Shape): string => `${workers}x${threads}x${slots}`;
