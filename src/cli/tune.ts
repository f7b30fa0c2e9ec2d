import { Command, InvalidArgumentError, Option } from "commander";
import { type PoolOptions, progressReporter, tunePool } from "../index.ts";
import { onInterruption } from "./interruption.ts";
import { coloursFor } from "./terminal/colour.ts";
import { tuneReporter } from "./tune/progress.ts";
import { renderReport } from "./tune/report.ts";

interface TuneFlags
  extends Pick<PoolOptions, "engine" | "goal" | "concurrency" | "workers" | "threads" | "slots" | "context"> {
  budget: number;
  robust?: boolean;
  speculation?: boolean;
  fresh?: boolean;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  corral tune ./qwen.gguf                              five minutes, for the goal "balanced"
  corral tune ./qwen.gguf --concurrency 4 --budget 10m
  corral tune ./qwen.gguf --goal throughput --robust   judged beside a busy neighbour, too
  corral tune ./qwen.gguf --workers 2                  what is given is kept, the rest is tuned
  corral tune ./qwen.gguf --json | jq .tuned

What is found is stored, and corral plan and corral serve use it. Ctrl-C keeps what was measured: run it again to go on.`;

/** `corral tune`: measures which plan serves a model best on this machine. */
export function tuneCommand(): Command {
  return new Command("tune")
    .description("measure which plan serves a model best on this machine, and keep it for plan and serve")
    .argument("[model]", 'a GGUF file, a .bin file of chatglm.cpp, or "echo" for the built-in echo model', "echo")
    .addOption(
      new Option("--goal <goal>", "latency, balanced or throughput").choices(["latency", "balanced", "throughput"]),
    )
    .option(
      "--concurrency <n>",
      "requests at once that it is to be good at (default: what suits the machine)",
      positive,
    )
    .option("--budget <time>", "how long it may measure: 90s, 5m, 1h", duration, 300)
    .option(
      "--robust",
      "judge beside a busy neighbour process, too (default: where the host shows steal time or a quota)",
    )
    .option("--no-robust", "judge on the machine as it is")
    .addOption(
      new Option("--engine <name>", "what serves it (default: what serves it best)").choices(["llama", "chatglm"]),
    )
    .option("-w, --workers <n>", "keep so many worker processes", positive)
    .option("-t, --threads <n>", "keep so many threads of each worker", positive)
    .option("-s, --slots <n>", "keep so many concurrent requests in each worker", positive)
    .option("-c, --context <n>", "tokens one request may use, prompt and answer together", positive)
    .option("--speculation", "try n-gram speculation, too: its gain on the load's texts is no promise for yours")
    .option("--fresh", "forget what an interrupted run has measured")
    .option("--json", "print the result as JSON")
    .addHelpText("after", EXAMPLES)
    .action(tune);
}

async function tune(model: string, flags: TuneFlags): Promise<void> {
  const { budget, robust, speculation, fresh, json, ...options } = flags;
  const interruption = onInterruption();
  interruption.second.addEventListener("abort", () => process.exit(INTERRUPTED));
  const progress = tuneReporter(process.stderr);
  try {
    const report = await tunePool(
      { model, ...options },
      { budget, robust, speculation, fresh, report: progress.report, signal: interruption.first },
      { report: progressReporter(process.stderr) },
    );
    progress.end();
    print(
      json === true
        ? JSON.stringify(report, null, 2)
        : renderReport(report, { model, colours: coloursFor(process.stdout) }),
    );
    if (report.wasInterrupted) process.exitCode = INTERRUPTED;
  } catch (error) {
    if (!interruption.first.aborted) throw error;
    process.exitCode = INTERRUPTED;
    throw new Error("interrupted before anything was measured", { cause: error });
  } finally {
    progress.end();
    interruption.release();
  }
}

/** What shells say of a program that SIGINT ended. */
const INTERRUPTED = 130;

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("Give a whole number from 1 up.");
  return Number(text);
}

const SECONDS = { s: 1, m: 60, h: 3600 } as const;

/** "90s", "5m", "1h", or seconds. */
export function duration(text: string): number {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)([smh])?$/.exec(text) ?? [];
  const seconds = Number(amount) * SECONDS[unit as keyof typeof SECONDS];
  if (!(seconds > 0)) throw new InvalidArgumentError("Give a time like 90s, 5m or 1h.");
  return seconds;
}
