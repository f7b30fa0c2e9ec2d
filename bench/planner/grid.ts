import type { ModelCost, Split } from "../../src/plan/cost.ts";
import type { Load } from "../../src/plan/goal.ts";
import type { Host } from "../../src/plan/host.ts";
import { modelCostFromName } from "./models.ts";

/** One measurement: a model on a host, split in one way. */
export interface Cell {
  readonly hostName: string;
  readonly host: Host;
  readonly modelName: string;
  readonly model: ModelCost;
  readonly split: Split;
  readonly load: Load;
  /** Measured, tokens a second of all workers. */
  readonly prefill: number;
  readonly decode: number;
}

const COLUMNS = [
  "host",
  "model",
  "processes",
  "threads_per_process",
  "batch_per_process",
  "prompt_tokens",
  "output_tokens",
  "prefill_tokens_per_s",
  "decode_tokens_per_s",
] as const;

type Column = (typeof COLUMNS)[number];

/**
 * Rows of a grid with the hosts they were measured on.
 *
 * @throws Error that names the line, the column or the host: a column is missing, a figure is none, a row's host is not
 * described, or a host has no rows.
 */
export function parseGrid(csv: string, hosts: ReadonlyMap<string, Host>): Cell[] {
  const [header = "", ...lines] = csv.trim().split(/\r?\n/);
  const titles = header.split(",").map((title) => title.trim());
  const missing = COLUMNS.filter((column) => !titles.includes(column));
  if (missing.length > 0) throw new Error(`The grid has no column ${missing.join(", ")}.`);
  const models = new Map<string, ModelCost>();
  const cells = lines.flatMap((line, index): Cell[] => {
    if (line.trim() === "") return [];
    const fields = line.split(",");
    const textOf = (column: Column) => (fields[titles.indexOf(column)] ?? "").trim();
    const figureOf = (column: Column) => figureIn(textOf(column), column, index + 2);
    const hostName = textOf("host");
    const host = hosts.get(hostName);
    if (host === undefined)
      throw new Error(`Line ${index + 2} of the grid is of host "${hostName}", which is not described (--hosts).`);
    const modelName = textOf("model");
    const model = models.get(modelName) ?? modelCostFromName(modelName);
    models.set(modelName, model);
    const split = {
      workers: figureOf("processes"),
      threads: figureOf("threads_per_process"),
      slots: figureOf("batch_per_process"),
    };
    const load = {
      concurrency: split.workers * split.slots,
      prompt: figureOf("prompt_tokens"),
      answer: figureOf("output_tokens"),
    };
    const [prefill, decode] = [figureOf("prefill_tokens_per_s"), figureOf("decode_tokens_per_s")];
    return [{ hostName, host, modelName, model, split, load, prefill, decode }];
  });
  const measured = new Set(cells.map(({ hostName }) => hostName));
  const idle = [...hosts.keys()].filter((name) => !measured.has(name));
  if (idle.length > 0) throw new Error(`The grid has no row of the described hosts ${idle.join(", ")}.`);
  return cells;
}

function figureIn(text: string, column: Column, line: number): number {
  const figure = Number(text);
  if (text === "" || !(figure > 0)) throw new Error(`Line ${line} of the grid: ${column} is "${text}", not a figure.`);
  return figure;
}
