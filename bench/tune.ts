/** A tuned plan against llama-server's defaults: `npm run bench:tune -- --help`. */
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { type TuneEvent, tunePool } from "../src/tune.ts";
import { freshDirectory } from "./kit/fresh-directory.ts";
import { machineLine, noiseLine, watchNoise } from "./kit/machine.ts";
import { count, counts } from "./kit/options.ts";
import { toJson } from "./kit/raw-figures.ts";
import { withTeardown } from "./kit/teardown.ts";
import { exitCodeOf, verdictText } from "./kit/verdict.ts";
import { RIVAL } from "./pool/contestants.ts";
import { ensureRandomModel } from "./pool/model.ts";
import { tables } from "./pool/summary.ts";
import { startBoth, TUNED } from "./tune/contestants.ts";
import { methodText, type TuneLoad } from "./tune/method.ts";
import { measure } from "./tune/rounds.ts";
import { verdictsOf } from "./tune/verdict.ts";

interface Options {
  budget: number;
  goalConcurrency: number;
  rounds: number;
  tokens: number;
  concurrency: number[];
  model?: string;
  quick?: true;
  json?: string;
}

/** Enough for the questions and small enough that memory decides nothing. */
const CONTEXT = 1024;

const command = new Command("bench:tune")
  .description("Tokens per second of a tuned plan and of llama-server's defaults, quiet and with one busy neighbour.")
  .option("--budget <seconds>", "what the tuner may measure", count, 480)
  .option("--goal-concurrency <n>", "requests at once that it tunes for", count, 8)
  .option("--rounds <n>", "rounds, each with servers started anew", count, 6)
  .option("--tokens <n>", "tokens of each prompt and of each answer", count, 48)
  .option("--concurrency <list>", "requests at once", counts, [1, 2, 4, 8])
  .option("--model <file>", "another model than the random one of 0.5B")
  .option("--quick", "a short run, for a look")
  .option("--json <file>", "write the raw figures too")
  .action(main);

async function main(options: Options): Promise<void> {
  const quick = options.quick ?? false;
  const load: TuneLoad = {
    budget: quick ? Math.min(60, options.budget) : options.budget,
    goalConcurrency: options.goalConcurrency,
    rounds: quick ? 1 : options.rounds,
    tokens: quick ? 24 : options.tokens,
    concurrencies: options.concurrency,
  };
  console.log(`${machineLine()}\n\n${methodText(load)}\n`);
  const model = options.model ?? ensureRandomModel();
  await withTeardown(async (defer) => {
    const tuning = new AbortController();
    defer(() => tuning.abort());
    const wanted = { model, context: CONTEXT, concurrency: load.goalConcurrency };
    const { tuned, names, isComplete } = await tunePool(
      wanted,
      { budget: load.budget, robust: true, signal: tuning.signal, report: tell },
      { cacheDir: freshDirectory(defer) },
    );
    if (tuned === null) throw new Error("The tuner compared nothing: give it a larger --budget.");
    console.log(`untuned: ${names.untuned}\ntuned:   ${names.tuned}`);
    console.log(`${tuned.tried} candidates, search ${isComplete ? "complete" : "ended by its budget"}\n`);
    const noiseSince = watchNoise();
    const cells = await measure(
      (undo) => startBoth(model, tuned, CONTEXT, undo),
      load,
      (line) => console.error(line),
    );
    const noise = noiseSince();
    console.log(`${tables([RIVAL, TUNED], RIVAL, cells)}\n`);
    const verdicts = verdictsOf(cells, TUNED, RIVAL, load.goalConcurrency);
    console.log(`${verdictText(verdicts)}\n\n${noiseLine(noise)}`);
    process.exitCode = exitCodeOf(verdicts);
    if (options.json !== undefined) {
      writeFileSync(options.json, toJson({ machine: machineLine(), load, tuned, cells, noise }));
    }
  });
}

function tell(event: TuneEvent): void {
  if (event.kind === "sample") {
    const { spent, budget } = event.progress;
    const { ratio } = event.standing;
    const standing = Number.isFinite(ratio) ? `${ratio.toFixed(2)}x the untuned plan's score` : "measured";
    console.error(`${spent.toFixed(0)} of ${budget} s: ${event.name}: ${standing}`);
  }
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
