/** Chats that return to the worker that knows them: `npm run bench:affinity -- --help`. */
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { type ChatLoad, PROMPTS_A_PAUSE } from "./affinity/chats.ts";
import { OURS, prepare } from "./affinity/contestants.ts";
import { methodText } from "./affinity/method.ts";
import { measure } from "./affinity/rounds.ts";
import { tables, verdictsOf } from "./affinity/summary.ts";
import { findProxies } from "./fronts/proxy.ts";
import { machineLine, noiseLine, watchNoise } from "./kit/machine.ts";
import { count, namesAmong } from "./kit/options.ts";
import { toJson } from "./kit/raw-figures.ts";
import { exitCodeOf, verdictText } from "./kit/verdict.ts";
import { ensureRandomModel } from "./pool/model.ts";

interface Options {
  rounds: number;
  chats: number;
  turns: number;
  tokens: number;
  pause?: number;
  slots: number;
  remembered: number;
  model?: string;
  without: string[];
  quick?: true;
  json?: string;
}

const WORKERS = 2;

const command = new Command("bench:affinity")
  .description("Time to the first token of chats on 2 workers, by who chooses the worker.")
  .option("--rounds <n>", "rounds", count, 2)
  .option("--chats <n>", "chats at once", count, 16)
  .option("--turns <n>", "turns of a chat", count, 6)
  .option("--tokens <n>", "tokens of each answer", count, 10)
  .option(
    "--pause <seconds>",
    "between an answer and the next question, on average (default: by the workers' speed)",
    count,
  )
  .option("--slots <n>", "slots of each worker", count, 4)
  .option("--remembered <n>", "chats that each worker's prompt cache has room for", count, 10)
  .option("--model <file>", "another model than the random one of 0.5B")
  .option("--without <list>", "leave out: haproxy", namesAmong(["haproxy"]), [])
  .option("--quick", "one round, for a look")
  .option("--json <file>", "write the raw figures too")
  .action(main);

async function main(options: Options): Promise<void> {
  const { chats, turns, tokens, slots, remembered, without } = options;
  const rounds = options.quick ? 1 : options.rounds;
  const pool = { model: options.model ?? ensureRandomModel(), workers: WORKERS, slots, remembered };
  const haproxy = without.includes("haproxy") ? null : (findProxies(["haproxy"]).get("haproxy") ?? null);
  const { contestants, promptSeconds, promptCache } = await prepare(pool, turns, haproxy);
  const pause = options.pause ?? Number((PROMPTS_A_PAUSE * promptSeconds).toPrecision(2));
  const load: ChatLoad = { chats, turns, answer: tokens, pause };
  console.log(`${machineLine()}\n\n${methodText(load, { ...pool, promptCache }, rounds)}\n`);
  const names = contestants.map(({ name }) => name);
  const noiseSince = watchNoise();
  const cells = await measure(contestants, load, rounds, (line) => console.error(line));
  const noise = noiseSince();
  const verdicts = verdictsOf(names, OURS, cells);
  console.log(`${tables(names, OURS, cells)}\n\n${verdictText(verdicts)}\n\n${noiseLine(noise)}`);
  if (options.json !== undefined) writeFileSync(options.json, toJson({ machine: machineLine(), load, cells, noise }));
  process.exitCode = exitCodeOf(verdicts);
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
