/** How good the planner's predictions are, by published measurements: `npm run bench:planner -- --help`. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { CONSTANTS } from "../src/plan/cost-constants.ts";
import { leaveOneOut } from "./planner/cross-validate.ts";
import { fitConstants, predictCell } from "./planner/fit.ts";
import { type Cell, type MeasuredCell, parseGrid, parseMeasuredGrid } from "./planner/grid.ts";
import { parseHosts } from "./planner/hosts.ts";
import { choose, judge, type PredictDecode } from "./planner/judge.ts";
import { choicesJson, report } from "./planner/report.ts";

interface Options {
  grids?: string;
  hosts?: string;
  json?: boolean;
  fit?: boolean;
}

const DATA = { grids: "bench/data/cpu-process-grids.csv", hosts: "bench/data/cpu-hosts.json" };

const command = new Command("bench:planner")
  .description("Fits the cost model on all hosts of bench/data but one and predicts for that one, in turn.")
  .option("--grids <file>", "predict for the hosts of this grid (CSV), with constants fitted on all of bench/data")
  .option("--hosts <file>", "descriptions (JSON) of the hosts of --grids")
  .option("--json", "print the predicted-best splits as JSON and nothing else")
  .option("--fit", "print the constants that fit all of bench/data, for src/plan/cost-constants.ts")
  .addHelpText(
    "after",
    `
Examples:
  npm run --silent bench:planner -- --json
  npm run --silent bench:planner -- --grids mine.csv --hosts mine.json
The columns of a grid and the fields of a host: bench/data/README.md.`,
  )
  .action(main);

function main({ grids, hosts, json = false, fit = false }: Options): void {
  if ((grids === undefined) !== (hosts === undefined))
    throw new Error("--grids and --hosts go together: splits, and the hosts that they are of.");
  if (fit) console.log(constantsText());
  else if (grids !== undefined && hosts !== undefined) predictFor({ grids, hosts }, json);
  else crossValidate(json);
}

function crossValidate(json: boolean): void {
  const cells = ourCells();
  const predict = leaveOneOut(cells);
  if (json) console.log(choicesJson(choose(cells, predict, "concurrency")));
  else printReports("Constants fitted on all hosts but one choose splits for that one, in turn", cells, predict);
}

/** The grid needs no measurements for JSON: who reads that may have them elsewhere. */
function predictFor(files: typeof DATA, json: boolean): void {
  const hosts = parseHosts(readFileSync(files.hosts, "utf8"));
  const csv = readFileSync(files.grids, "utf8");
  const cells = parseGrid(csv, hosts);
  noteUnused([...hosts.keys()], cells);
  const predict: PredictDecode = (cell) => predictCell(CONSTANTS, cell).decode;
  if (json) console.log(choicesJson(choose(cells, predict, "concurrency")));
  else
    printReports(
      "Constants fitted on all hosts of bench/data choose splits for these",
      parseMeasuredGrid(csv, hosts),
      predict,
    );
}

function printReports(method: string, cells: readonly MeasuredCell[], predict: PredictDecode): void {
  console.log(`${method}; the figures are what was measured there of what was chosen.`);
  for (const by of ["concurrency", "batch"] as const) console.log(`\n${report(judge(cells, predict, by), by)}`);
}

function noteUnused(hosts: readonly string[], cells: readonly Cell[]): void {
  const unused = hosts.filter((host) => cells.every(({ hostName }) => hostName !== host));
  if (unused.length > 0) console.error(`The grid has no row of ${unused.join(", ")}: nothing is predicted for them.`);
}

function constantsText(): string {
  const rounded = (_: string, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(3)) : value);
  return JSON.stringify(fitConstants(ourCells()), rounded, 2);
}

function ourCells(): MeasuredCell[] {
  return parseMeasuredGrid(readFileSync(DATA.grids, "utf8"), parseHosts(readFileSync(DATA.hosts, "utf8")));
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
