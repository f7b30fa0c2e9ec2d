/** Tokens per second of one worker with many threads and of many with few: `npm run bench:pool -- --help`. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Command } from "commander";
import { machineLine, noiseLine, watchNoise } from "./kit/machine.ts";
import { count, counts } from "./kit/options.ts";
import { toJson } from "./kit/raw-figures.ts";
import { figure } from "./kit/table.ts";
import { withTeardown } from "./kit/teardown.ts";
import { RIVAL, startContestants } from "./pool/contestants.ts";
import { methodText } from "./pool/method.ts";
import { ensureRandomModel } from "./pool/model.ts";
import { type Load, measure } from "./pool/rounds.ts";
import { shapesFor } from "./pool/shapes.ts";
import { tables } from "./pool/summary.ts";

interface Options {
  rounds: number;
  tokens: number;
  concurrency: number[];
  model?: string;
  quick?: true;
  json?: string;
}

const command = new Command("bench:pool")
  .description("Tokens per second by shape of the pool and concurrency, quiet and with one busy neighbour process.")
  .option("--rounds <n>", "rounds that count", count, 3)
  .option("--tokens <n>", "tokens of each answer", count, 64)
  .option("--concurrency <list>", "requests at once", counts, [1, 2, 4, 8])
  .option("--model <file>", "another model than the random one of 0.5B")
  .option("--quick", "a short run, for a look")
  .option("--json <file>", "write the raw figures too")
  .action(main);

async function main(options: Options): Promise<void> {
  const quick = options.quick ?? false;
  const load: Load = {
    rounds: quick ? 1 : options.rounds,
    tokens: quick ? 16 : options.tokens,
    concurrencies: options.concurrency,
  };
  console.log(`${machineLine()}\n\n${methodText(load)}\n`);
  const model = options.model ?? ensureRandomModel();
  const shapes = shapesFor(availableParallelism(), Math.max(...load.concurrencies));
  await withTeardown(async (defer) => {
    const contestants = await startContestants(model, shapes, defer);
    const names = contestants.map(({ name }) => name);
    const noiseSince = watchNoise();
    const client = { at: performance.now(), cpu: process.cpuUsage() };
    const cells = await measure(contestants, load, { defer, report: (line) => console.error(line) });
    const noise = noiseSince();
    const { user, system } = process.cpuUsage(client.cpu);
    const clientShare = (user + system) / 1000 / (performance.now() - client.at);
    console.log(`${tables(names, RIVAL, cells)}\n`);
    console.log(`the client used ${figure(clientShare)} of a core; ${noiseLine(noise)}`);
    if (options.json !== undefined) writeFileSync(options.json, toJson({ machine: machineLine(), load, cells, noise }));
  });
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
