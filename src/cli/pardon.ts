import { Command } from "commander";
import { adminOption, EXIT_CODES, type RunningFlags, running } from "./running.ts";

const EXAMPLES = `
Examples:
  corral pardon qwen         requests that have killed a worker of qwen are tried again when they come again

For when the engine was mended, or they were not to blame. Who kills a worker again is found out again: it takes down one
worker that serves others, at most. What is refused, and for how long: docs/faults.md.
${EXIT_CODES}`;

export function pardonCommand(): Command {
  return new Command("pardon")
    .description("let a model's workers see the requests again that are refused for having killed one")
    .argument("<model>", "its name, as `corral status` shows it")
    .addOption(adminOption())
    .addHelpText("after", EXAMPLES)
    .action(async (model: string, flags: RunningFlags) => {
      const pardoned = await (await running(flags)).pardon(model);
      process.stdout.write(`${model}: ${pardoned === 0 ? "no request was refused" : `pardoned: ${pardoned}`}\n`);
    });
}
