import { once } from "node:events";
import { Command, InvalidArgumentError } from "commander";
import type { LogLine } from "../index.ts";
import { onInterruption } from "./interruption.ts";
import { adminOption, EXIT_CODES, type RunningFlags, running } from "./running.ts";
import { type Colours, coloursFor } from "./terminal/colour.ts";

const EXAMPLES = `
Examples:
  corral logs qwen                          the last 100 lines that its workers wrote, those of ended ones, too
  corral logs qwen --worker 0 --lines 500   of the first worker only
  corral logs qwen --follow                 and each line as it comes, until Ctrl-C

corral keeps the last 500 lines of each worker, and those of three starts before. Its own log goes to stderr, or to the
journal under systemd: journalctl -u corral.
${EXIT_CODES}`;

interface Flags extends RunningFlags {
  readonly worker?: number;
  readonly lines: number;
  readonly follow?: true;
}

export function logsCommand(): Command {
  return new Command("logs")
    .description("show what a model's workers have written")
    .argument("<model>", "its name, as `corral status` shows it")
    .option("--worker <n>", "of this worker only: 0 is the first", whole)
    .option("--lines <n>", "so many of the last lines", whole, 100)
    .option("-f, --follow", "go on with each line as it comes")
    .addOption(adminOption())
    .addHelpText("after", EXAMPLES)
    .action(logs);
}

async function logs(model: string, { worker, lines, follow, ...flags }: Flags): Promise<void> {
  const interruption = onInterruption();
  const colours = coloursFor(process.stdout);
  const client = await running(flags);
  try {
    for await (const line of client.logs(model, { worker, lines, follow, signal: interruption.first })) {
      if (!process.stdout.write(`${logLine(line, colours)}\n`)) await once(process.stdout, "drain");
    }
  } finally {
    interruption.release();
  }
}

/** "12:00:01 qwen#0.1 srv  update_slots: all slots are idle". */
export function logLine({ at, worker, text }: LogLine, { dim }: Pick<Colours, "dim">): string {
  return `${dim(`${new Date(at).toTimeString().slice(0, 8)} ${worker}`)} ${text}`;
}

function whole(value: string): number {
  if (/^\d{1,6}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("It must be a whole number.");
}
