import type { ModelCost, Split } from "../../src/plan/cost.ts";
import type { Load } from "../../src/plan/goal.ts";
import type { Host } from "../../src/plan/host.ts";
import { modelCostFromName } from "./models.ts";

/** A model on a host, split in one way under the load that fills it. */
export interface Cell {
  readonly hostName: string;
  readonly host: Host;
  readonly modelName: string;
  readonly model: ModelCost;
  readonly split: Split;
  readonly load: Load;
}

/** What was measured there: tokens a second of all workers. */
export interface MeasuredCell extends Cell {
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
] as const;
const MEASURED = ["prefill_tokens_per_s", "decode_tokens_per_s"] as const;

type Column = (typeof COLUMNS)[number] | (typeof MEASURED)[number];

/**
 * Rows of a grid with the hosts they are of.
 *
 * @throws Error that names the line, the column or the host: a column is missing, a figure is none, or a row's host is
 * not described.
 */
export function parseGrid(csv: string, hosts: ReadonlyMap<string, Host>): Cell[] {
  return rowsOf(csv, COLUMNS).map((row) => cellOf(row, hosts));
}

/** The same with what was measured. */
export function parseMeasuredGrid(csv: string, hosts: ReadonlyMap<string, Host>): MeasuredCell[] {
  return rowsOf(csv, [...COLUMNS, ...MEASURED]).map((row) => ({
    ...cellOf(row, hosts),
    prefill: figureIn(row, "prefill_tokens_per_s"),
    decode: figureIn(row, "decode_tokens_per_s"),
  }));
}

interface Row {
  readonly line: number;
  textOf(column: Column): string;
}

function rowsOf(csv: string, columns: readonly Column[]): Row[] {
  const [header = "", ...lines] = csv.trimEnd().split(/\r?\n/);
  const titles = header.split(",").map((title) => title.trim());
  const missing = columns.filter((column) => !titles.includes(column));
  if (missing.length > 0) throw new Error(`The grid has no column ${missing.join(", ")}.`);
  return lines.map((text, index) => {
    const fields = text.split(",");
    return { line: index + 2, textOf: (column) => (fields[titles.indexOf(column)] ?? "").trim() };
  });
}

function cellOf(row: Row, hosts: ReadonlyMap<string, Host>): Cell {
  const hostName = row.textOf("host");
  const host = hosts.get(hostName);
  if (host === undefined)
    throw new Error(
      `Line ${row.line} of the grid is of host "${hostName}", which no file of hosts (--hosts) describes.`,
    );
  const modelName = row.textOf("model");
  const split = {
    workers: figureIn(row, "processes"),
    threads: figureIn(row, "threads_per_process"),
    slots: figureIn(row, "batch_per_process"),
  };
  const load = {
    concurrency: split.workers * split.slots,
    prompt: figureIn(row, "prompt_tokens"),
    answer: figureIn(row, "output_tokens"),
  };
  return { hostName, host, modelName, model: modelCostFromName(modelName), split, load };
}

function figureIn(row: Row, column: Column): number {
  const text = row.textOf(column);
  const figure = Number(text);
  if (text === "" || !(figure > 0))
    throw new Error(`Line ${row.line} of the grid: ${column} is "${text}", not a positive number.`);
  return figure;
}
