/** Routing policies over simulated workers, on public traces: `npm run bench:route -- --help`. */
import { readFileSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { POLICIES } from "../src/route/policies.ts";
import { count, counts, namesAmong } from "./kit/options.ts";
import { toJson } from "./kit/raw-figures.ts";
import { exitCodeOf, verdictText } from "./kit/verdict.ts";
import { parseMeasuredGrid } from "./planner/grid.ts";
import { parseHosts } from "./planner/hosts.ts";
import { figuresOf } from "./route/figures.ts";
import { CONTEXT, methodText, type Scope } from "./route/method.ts";
import { paced } from "./route/pace.ts";
import { createRouter } from "./route/router.ts";
import { simulate } from "./route/simulate.ts";
import { measuredSpeed } from "./route/speed.ts";
import { plot, tables } from "./route/summary.ts";
import { svg } from "./route/svg.ts";
import { parseBlocks, parseLengths } from "./route/traces.ts";
import { type Cell, verdictsOf } from "./route/verdict.ts";
import type { WorkerShape } from "./route/worker.ts";
import { chats, hotPrompt, replayed, type Workload } from "./route/workloads.ts";

interface Options {
  workers: number[];
  policies?: string[];
  workloads?: string[];
  load: number;
  quick?: true;
  json?: string;
  svg?: string;
}

const WORKLOADS = ["mooncake", "azure", "hot", "chats"] as const;
const DATA = "bench/data";
/** Requests of a run at least, and for each worker. */
const REQUESTS = 12_000;
const REQUESTS_A_WORKER = 40;
const WIDTH = 100;

const command = new Command("bench:route")
  .description("Time to the first token, prefill saved and throughput by routing policy, over simulated workers.")
  .option("--workers <list>", "numbers of workers", counts, [2, 8, 64, 1_000])
  .option("--policies <list>", "only these", namesAmong(POLICIES.map(({ name }) => name)))
  .option("--workloads <list>", `only some of ${WORKLOADS.join(",")}`, namesAmong(WORKLOADS))
  .option("--load <percent>", "of the workers' time, if no prompt were cached", count, 70)
  .option("--quick", "2 and 8 workers and a tenth of the requests, for a look")
  .option("--json <file>", "write the raw figures too")
  .option("--svg <file>", "write the plot for a page too")
  .action(main);

function main(options: Options): void {
  const scope: Scope = {
    sizes: options.quick ? options.workers.filter((workers) => workers <= 8) : options.workers,
    policies: options.policies ?? POLICIES.map(({ name }) => name),
    load: options.load / 100,
  };
  const shape = workerShape();
  console.log(`${methodText(scope, shape)}\n`);
  const names = options.workloads ?? WORKLOADS;
  const requests = options.quick ? REQUESTS / 10 : REQUESTS;
  const cells = names.flatMap((name) => cellsOf(workload(name), requests, scope, shape));
  const verdicts = verdictsOf(cells, "predicted-time");
  console.log(`${tables(cells)}\n\n${plot(cells, WIDTH)}\n\n${verdictText(verdicts)}`);
  if (options.json !== undefined) writeFileSync(options.json, toJson({ scope, cells }));
  if (options.svg !== undefined) writeFileSync(options.svg, svg(cells));
  process.exitCode = exitCodeOf(verdicts);
}

/** Every policy over every number of workers, each with the same requests at the same times. */
function cellsOf(workload: Workload, requests: number, { sizes, policies, load }: Scope, shape: WorkerShape): Cell[] {
  return sizes.flatMap((workers) => {
    const arrivals = paced(
      workload.arrivals(Math.max(requests, REQUESTS_A_WORKER * workers), workers),
      workers,
      load,
      shape,
    );
    return POLICIES.filter(({ name }) => policies.includes(name)).map((policy) => {
      console.error(`${workload.name}, ${workers} workers, ${policy.name}`);
      const outcomes = simulate(arrivals, {
        workers,
        shape,
        createRouter: (clock) => createRouter(policy, workers, shape, clock),
      });
      return { workload: workload.name, workers, policy: policy.name, figures: figuresOf(outcomes) };
    });
  });
}

function workload(name: string): Workload {
  switch (name) {
    case "mooncake":
      return replayed("Mooncake conversations", parseBlocks(read("mooncake-conversation.csv")), 16, CONTEXT);
    case "azure":
      return replayed("Azure conversations", parseLengths(read("azure-2023-conv.csv")), 8, CONTEXT);
    case "hot":
      return hotPrompt;
    default:
      return chats;
  }
}

/** Bytes of a worker's prompt cache, and of a token's keys and values. */
const CACHE = 4 * 1024 ** 3;
const TOKEN = 112 * 1024;

/** One of the 12 workers of a published run. */
function workerShape(): WorkerShape {
  const grid = parseMeasuredGrid(read("cpu-process-grids.csv"), parseHosts(read("cpu-hosts.json")));
  const cells = grid.filter(
    ({ hostName, modelName, split }) =>
      hostName === "m7a" && modelName === "Llama-3.2-3B-Instruct-Q4_K_M" && split.workers === 12 && split.threads === 8,
  );
  return { slots: 4, batch: 128, cacheTokens: Math.floor(CACHE / TOKEN), speed: measuredSpeed(cells) };
}

function read(file: string): string {
  return readFileSync(`${DATA}/${file}`, "utf8");
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
