import { Command } from "commander";
import { adminOption, EXIT_CODES, type RunningFlags, running, secondsSince } from "./running.ts";

const EXAMPLES = `
Examples:
  corral restart qwen        every worker of qwen anew, one after the other

No request is lost. Of two workers or more all but one serve at any time; of one the new one serves before the old one
ends, where memory has room for both, else requests wait. A worker that does not start anew ends the restart, and the
others go on. An interrupted command leaves the restart under way.
${EXIT_CODES}`;

export function restartCommand(): Command {
  return new Command("restart")
    .description("start a model's workers anew, one after the other, while it serves")
    .argument("<model>", "its name, as `corral status` shows it")
    .addOption(adminOption())
    .addHelpText("after", EXAMPLES)
    .action(async (model: string, flags: RunningFlags) => {
      const since = performance.now();
      await (await running(flags)).restart(model);
      process.stdout.write(`${model}: every worker is new (${secondsSince(since)})\n`);
    });
}
