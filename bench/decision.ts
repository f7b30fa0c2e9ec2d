/** What it costs to choose a worker: `npm run bench:decision -- --help`. */
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { percentile } from "../src/load/statistics.ts";
import { POLICIES } from "../src/route/policies.ts";
import type { Policy } from "../src/route/policy.ts";
import { chained, repeated, type Scene, sceneOf } from "./decision/scene.ts";
import { machineLine, noiseLine, watchNoise } from "./kit/machine.ts";
import { count, counts } from "./kit/options.ts";
import { toJson } from "./kit/raw-figures.ts";
import { rotated } from "./kit/rotated.ts";
import { figure, markdownTable, times } from "./kit/table.ts";
import { exitCodeOf, type Verdict, verdictText } from "./kit/verdict.ts";

/** Microseconds a decision may take. */
const MOST = 20;
/** What it takes with the most links, over what it takes with the fewest: flat, but for what a processor's caches do. */
const FLAT = 2;

interface Options {
  workers: number;
  links: number[];
  rounds: number;
  json?: string;
}

const command = new Command("bench:decision")
  .description("Microseconds that each policy takes to choose a worker, by how many links of prompts the index knows.")
  .option("--workers <n>", "workers to choose among", count, 1_000)
  .option("--links <list>", "links of prompts that they hold together", counts, [1_000, 100_000, 1_000_000])
  .option("--rounds <n>", "rounds of 999 decisions for each policy and number of links", count, 30)
  .option("--json <file>", "write the raw figures too")
  .action(main);

interface Cell {
  readonly policy: Policy;
  readonly links: number;
  readonly scene: Scene;
  /** Microseconds a decision, of each round. */
  readonly rounds: number[];
}

function main({ workers, links, rounds, json }: Options): void {
  console.log(`${machineLine()}\n\n${methodText(workers, rounds)}\n`);
  const noiseSince = watchNoise();
  const cells: Cell[] = links.flatMap((known) => {
    const scene = sceneOf(workers, known);
    return POLICIES.map((policy) => ({ policy, links: known, scene, rounds: [] }));
  });
  for (const cell of cells) decideAll(cell);
  for (let round = 0; round < rounds; round += 1) {
    for (const cell of rotated(cells, round)) cell.rounds.push(decideAll(cell));
  }
  console.log(tableOf(cells, links));
  console.log(`\nchain of a prompt of 7,700 tokens: ${figure(chainCost())} us, once a request, before the decision`);
  console.log(noiseLine(noiseSince()));
  const verdicts = verdictsOf(cells, links);
  console.log(`\n${verdictText(verdicts)}`);
  process.exitCode = exitCodeOf(verdicts);
  const raw = cells.map(({ policy, links: known, rounds: all }) => ({
    policy: policy.name,
    links: known,
    rounds: all,
  }));
  if (json !== undefined) writeFileSync(json, toJson({ machine: machineLine(), workers, cells: raw }));
}

function methodText(workers: number, rounds: number): string {
  return `Method. A board of ${workers} workers of 4 slots, half of them busy, a tenth full, that hold conversations of up to 100
links with a shared system prompt of 20, as the gateway's own index keeps them. Of the requests a third are next turns of
such conversations, a third begin with the system prompt only, a third with nothing known; each has 100 to 120 links. What
is timed is one call of the policy, the look into the index included: ${rounds} rounds of 999 calls in changing order, after
one to warm up. CPU time of this process by the system's account, so that others on the machine count for less; medians of
the rounds, microseconds a decision.`;
}

function decideAll({ policy, scene }: Cell): number {
  const { board, asks, now } = scene;
  let sum = 0;
  const began = process.cpuUsage();
  for (const ask of asks) sum += policy.choose(board, ask, now, true);
  const { user, system } = process.cpuUsage(began);
  if (sum < 0) throw new Error("No worker was open.");
  return (user + system) / asks.length;
}

function chainCost(): number {
  const texts = repeated("chain", 120);
  const all = Array.from({ length: 200 }, () => {
    const began = process.cpuUsage();
    chained(texts);
    const { user, system } = process.cpuUsage(began);
    return user + system;
  });
  return percentile(all, 50);
}

function medianOf(cells: readonly Cell[], name: string, links: number): number {
  const cell = cells.find(({ policy, links: known }) => policy.name === name && known === links);
  return percentile(cell?.rounds ?? [], 50);
}

function tableOf(cells: readonly Cell[], links: readonly number[]): string {
  const rows = POLICIES.map(({ name }) => [
    name,
    ...links.flatMap((known) => {
      const median = medianOf(cells, name, known);
      return [figure(median), times({ median: median / medianOf(cells, "least-busy", known) })];
    }),
  ]);
  return markdownTable(
    ["policy", ...links.flatMap((known) => [`${known.toLocaleString("en")} links`, "to least-busy"])],
    rows,
  );
}

function verdictsOf(cells: readonly Cell[], links: readonly number[]): Verdict[] {
  const medians = links.map((known) => medianOf(cells, "predicted-time", known));
  const most = Math.max(...medians);
  const growth = (medians.at(-1) ?? Number.NaN) / (medians[0] ?? Number.NaN);
  return [
    { what: `predicted-time decides in at most ${MOST} us`, is: `${figure(most)} us`, reached: most <= MOST },
    {
      what: "flat in the number of links",
      is: `${times({ median: growth })} from ${links[0]} to ${links.at(-1)}`,
      reached: growth <= FLAT,
    },
  ];
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
