import { Argument, Command, InvalidArgumentError } from "commander";
import { adminOption, EXIT_CODES, type RunningFlags, running, secondsSince } from "./running.ts";

const EXAMPLES = `
Examples:
  corral scale qwen 3        plan qwen anew with three workers, and run them
  corral scale qwen auto     as many as its options say, again

It lasts until the model is scaled again, reloaded with other options, or corral is started anew.
${EXIT_CODES}`;

export function scaleCommand(): Command {
  return new Command("scale")
    .description("run another number of workers of a model")
    .argument("<model>", "its name, as `corral status` shows it")
    .addArgument(new Argument("<workers>", 'how many, or "auto"').argParser(workersOf))
    .addOption(adminOption())
    .addHelpText("after", EXAMPLES)
    .action(async (model: string, workers: number | "auto", flags: RunningFlags) => {
      const since = performance.now();
      await (await running(flags)).scale(model, workers);
      const what = workers === "auto" ? "as many workers as its options say" : `workers: ${workers}`;
      process.stdout.write(`${model}: ${what} (${secondsSince(since)})\n`);
    });
}

function workersOf(value: string): number | "auto" {
  if (value === "auto") return value;
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be a whole number from 1 to 9999, or "auto".');
}
