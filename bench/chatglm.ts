/** A ChatGLM file on chatglm-server against the same file converted for llama-server: `npm run bench:chatglm -- --help`. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Command } from "commander";
import { methodText } from "./chatglm/method.ts";
import { ensureModels } from "./chatglm/model.ts";
import { type Load, measure } from "./chatglm/rounds.ts";
import { startServers } from "./chatglm/servers.ts";
import { tables } from "./chatglm/summary.ts";
import { machineLine, noiseLine, watchNoise } from "./kit/machine.ts";
import { count, counts } from "./kit/options.ts";
import { toJson } from "./kit/raw-figures.ts";
import { withTeardown } from "./kit/teardown.ts";

interface Options {
  rounds: number;
  promptTokens: number;
  tokens: number;
  threads: number[];
  json?: string;
}

const command = new Command("bench:chatglm")
  .description("Prefill and decode of a ChatGLM file: chatglm-server against the converted file on llama-server.")
  .option("--rounds <n>", "rounds that count", count, 5)
  .option("--prompt-tokens <n>", "tokens of each prompt, about", count, 512)
  .option("--tokens <n>", "tokens of each answer", count, 64)
  .option("--threads <list>", "threads of each program", counts, [1, 2])
  .option("--json <file>", "write the raw figures too")
  .action(main);

async function main({ json, ...options }: Options): Promise<void> {
  const load: Load = { ...options, threads: options.threads.filter((threads) => threads <= availableParallelism()) };
  console.log(`${machineLine()}\n\n${methodText(load)}\n`);
  const models = ensureModels();
  await withTeardown(async (defer) => {
    const servers = await startServers(models, load.threads, defer);
    const noiseSince = watchNoise();
    const cells = await measure(servers, load, (line) => console.error(line));
    const noise = noiseSince();
    console.log(`${tables(cells)}\n\n${noiseLine(noise)}`);
    if (json !== undefined) writeFileSync(json, toJson({ machine: machineLine(), load, cells, noise }));
  });
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
