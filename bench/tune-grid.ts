/** Measures a whole grid of candidates, for tests of the search: `npm run bench:tune-grid -- --out FILE.json`. */
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { resolvePoolOptions } from "../src/config/resolve.ts";
import { draw } from "../src/pool/blueprint.ts";
import { createPool } from "../src/pool.ts";
import { type Candidate, keyOf, nameOf } from "../src/tune/candidate.ts";
import { OpenPools } from "../src/tune/open-pools.ts";
import { takeSample } from "../src/tune/sampler.ts";
import { stagesOf, startOf } from "../src/tune/space.ts";
import { machineLine } from "./kit/machine.ts";
import { count } from "./kit/options.ts";
import { withTeardown } from "./kit/teardown.ts";
import { ensureRandomModel } from "./pool/model.ts";

interface Options {
  concurrency: number;
  tokens: number;
  out: string;
  model?: string;
}

const CONTEXT = 1024;
/** The questions whose answers make the grid. */
const ABOUT = ["workers", "spin", "batch", "flash attention"];

const command = new Command("bench:tune-grid")
  .description("Measures every candidate of a grid once (workers x spin x batch x flash attention) and writes it down.")
  .option("--concurrency <n>", "requests at once", count, 4)
  .option("--tokens <n>", "tokens of each answer; prompts have twice as many", count, 16)
  .option("--model <file>", "another model than the random one of 0.5B")
  .requiredOption("--out <file>", "where to write it, as JSON")
  .action(main);

async function main({ concurrency, tokens, out, model = ensureRandomModel() }: Options): Promise<void> {
  const options = { model, concurrency, context: CONTEXT };
  const { machine, plan, chosen } = await draw(resolvePoolOptions(options), { useTuned: false });
  const { traits } = chosen.engine;
  const ground = { machine, plan, traits, canRepack: true, fixed: {}, speculation: false };
  const stages = stagesOf(ground).filter(({ about }) => ABOUT.includes(about));
  const start = startOf(plan);
  const candidates = stages.reduce<Candidate[]>((all, stage) => all.flatMap((one) => [...stage.answers(one)]), [start]);
  const method = { levels: [concurrency] as [number], robust: false, tokens: { prompt: 2 * tokens, answer: tokens } };
  await withTeardown(async (defer) => {
    const open = ({ settings, ...shape }: Candidate) => {
      const { flashAttention, ...others } = settings;
      const attention = flashAttention === "auto" ? {} : { flashAttention };
      return createPool({ ...options, ...shape, ...others, ...attention }, { useTuned: false });
    };
    const pools = new OpenPools(open, machine.memory.available / 2);
    defer(() => pools.closeAll());
    const cells = [];
    for (const [index, candidate] of candidates.entries()) {
      const sample = await takeSample(pools, candidate, method);
      console.error(`${index + 1} of ${candidates.length}: ${nameOf(candidate, start)}`);
      cells.push({ candidate, key: keyOf(candidate), figures: sample[0]?.figures ?? null });
    }
    const answers = stages.map(({ about }) => about);
    writeFileSync(
      out,
      `${JSON.stringify({ machine: machineLine(), concurrency, ...method, answers, cells }, null, 1)}\n`,
    );
  });
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
