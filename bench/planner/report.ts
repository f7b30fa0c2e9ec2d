import { groupBy } from "../../src/plan/group-by.ts";
import { median } from "../../src/load/statistics.ts";
import { markdownTable, times } from "../kit/table.ts";
import type { Choice, Reading, Verdict } from "./judge.ts";

/** What a choice is to reach of the best. */
export const ENOUGH = 0.9;

const TITLES: Record<Reading, string> = {
  concurrency: "Among all splits for the same requests at once",
  batch: "Among all numbers of processes with the same batch in each",
};

/** A row for each host and model, then how many of them do well at each concurrency or batch. */
export function report(verdicts: readonly Verdict[], by: Reading): string {
  const grids = groupBy(verdicts, ({ grid }) => grid);
  const columns = ["share of the measured best", by === "batch" ? "batches" : "concurrencies", "worst", "median"];
  const rivals = ["over one process", "over 8 cores each"];
  const rows = grids.map((of) => [
    of[0]?.grid ?? "",
    String(of.length),
    percent(Math.min(...shares(of))),
    percent(median(shares(of))),
    spread(of.map(({ overOneProcess }) => overOneProcess)),
    spread(of.map(({ overEightCores }) => overEightCores)),
  ]);
  return [
    `${TITLES[by]}:`,
    "",
    markdownTable([...columns, ...rivals], rows),
    "",
    `${reaching(grids)} of ${grids.length} grids reach ${percent(ENOUGH)} everywhere; ${everywhere(verdicts)}.`,
    `Grids that reach it at each ${by}: ${byPlace(verdicts)}.`,
  ].join("\n");
}

/** How many of these groups have no choice below what is enough. */
function reaching(groups: readonly (readonly Verdict[])[]): number {
  return groups.filter((of) => Math.min(...shares(of)) >= ENOUGH).length;
}

function everywhere(verdicts: readonly Verdict[]): string {
  const good = verdicts.filter(({ share }) => share >= ENOUGH).length;
  const mean = shares(verdicts).reduce((sum, share) => sum + share, 0) / verdicts.length;
  return `${good} of ${verdicts.length} choices do, ${percent(mean)} on average`;
}

function byPlace(verdicts: readonly Verdict[]): string {
  return groupBy(verdicts, ({ at }) => String(at))
    .toSorted((a, b) => (a[0]?.at ?? 0) - (b[0]?.at ?? 0))
    .map((of) => `${of[0]?.at}: ${reaching(of.map((verdict) => [verdict]))}/${of.length}`)
    .join(", ");
}

/** One for each host, model and concurrency, for programs. */
export function choicesJson(choices: readonly Choice[]): string {
  const nameOf = ({ cell }: Choice) => `${cell.hostName} ${cell.modelName}`;
  const sorted = choices.toSorted(
    (a, b) => nameOf(a).localeCompare(nameOf(b)) || a.cell.load.concurrency - b.cell.load.concurrency,
  );
  const list = sorted.map(({ cell: { hostName, modelName, split, load }, decode }) => ({
    host: hostName,
    model: modelName,
    concurrency: load.concurrency,
    workers: split.workers,
    threads: split.threads,
    slots: split.slots,
    decode_tokens_per_s: Number(decode.toPrecision(4)),
  }));
  return JSON.stringify(list, null, 2);
}

function shares(verdicts: readonly Verdict[]): number[] {
  return verdicts.map(({ share }) => share);
}

function spread(ratios: readonly (number | null)[]): string {
  const known = ratios.filter((ratio) => ratio !== null);
  if (known.length === 0) return "-";
  return times({ median: median(known), least: Math.min(...known), most: Math.max(...known) });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
