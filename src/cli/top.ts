import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import type { InstanceStatus } from "../index.ts";
import { coloursFor } from "./terminal/colour.ts";
import { renderFrame } from "./top/frame.ts";
import { watchLive } from "./top/live.ts";
import { takeSample } from "./top/sample.ts";

/** Asks the instance that runs. `admin`: the path of its socket, where it is not the usual one. */
export type StatusSource = (options: { admin: string | undefined }) => Promise<InstanceStatus>;

interface TopFlags {
  admin?: string;
  interval?: number;
  once?: true;
  json?: true;
}

const EXAMPLES = `
Examples:
  corral top                       live; q or Ctrl-C leaves
  corral top --interval 0.5        twice a second
  corral top --once > top.txt      one picture as text; so is every output that is no terminal
  corral top --json | jq '.models[].recent'

The map has a cell for each CPU: above the worker that is pinned there (its sign is in the table of workers, its colour
is its model's), below how busy the CPU is. TOK/S and TTFT (time to first token) are those of the last minute.`;

/** `corral top`: what the instance does, as long as one looks. */
export function topCommand(source: StatusSource): Command {
  return new Command("top")
    .description("watch CPUs, models and workers of the instance that runs here")
    .option("--admin <path>", "admin socket of the instance ($CORRAL_ADMIN)")
    .option("--interval <seconds>", "from one look to the next (default 2)", seconds)
    .option("--once", "print one picture and end")
    .option("--json", "print the instance's status as JSON and end")
    .addHelpText("after", EXAMPLES)
    .action((flags: TopFlags) => top(source, flags));
}

async function top(source: StatusSource, { admin, interval = 2_000, once, json }: TopFlags): Promise<void> {
  const { stdin: input, stdout: output } = process;
  const colours = coloursFor(output);
  const fetchStatus = () => source({ admin });
  if (json) {
    output.write(`${JSON.stringify(await fetchStatus(), null, 2)}\n`);
    return;
  }
  const first = await takeSample(fetchStatus);
  if (!once && output.isTTY) {
    const signal = await watchLive(first, { terminal: { input, output }, colours, interval, fetchStatus });
    // An answer that is still awaited must not hold up whoever leaves.
    process.exit(signal === null ? 0 : 128 + constants.signals[signal]);
  }
  // Loads and rates are what lies between two looks.
  await sleep(interval);
  const size = { columns: output.columns || Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY };
  const lines = renderFrame([first, await takeSample(fetchStatus)], { size, colours });
  output.write(`${lines.join("\n")}\n`);
}

/** In milliseconds. */
function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 3_600)) throw new InvalidArgumentError("It takes seconds from 0.1 to 3600.");
  return value * 1000;
}
