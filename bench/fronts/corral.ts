import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "../kit/child.ts";
import { freshDirectory } from "../kit/fresh-directory.ts";
import { untilReady } from "../kit/ready.ts";

/** How to start a corral: a program, its arguments, and what is added to the environment. */
export interface CorralCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningCorral {
  readonly origin: string;
  readonly pid: number;
}

const MANIFEST = createRequire(import.meta.url).resolve("corral/package.json");
const SYNTHETIC = fileURLToPath(new URL("./corral-synthetic.js", import.meta.url));

/** The real command: `corral ARGS`. */
export function corralCommand(args: readonly string[]): CorralCommand {
  const { bin } = JSON.parse(readFileSync(MANIFEST, "utf8")) as { bin: { corral: string } };
  return { program: process.execPath, args: [join(dirname(MANIFEST), bin.corral), ...args] };
}

/** The same supervisor and gateway, with the worker that computes nothing in the engine's place. */
export function syntheticCorralCommand({ slots, pace }: { slots: number; pace: number }): CorralCommand {
  return { program: process.execPath, args: [SYNTHETIC, String(slots), String(pace)] };
}

/**
 * Starts a corral and waits until it can serve; the first start may have to build the engine. Its log goes to a file,
 * as a service's does.
 */
export async function startCorral(
  { program, args, env = {} }: CorralCommand,
  defer: (undo: () => void | Promise<void>) => void,
): Promise<RunningCorral> {
  const logFile = join(freshDirectory(defer), "log");
  const child = await startChild(program, args, { env, logFile });
  defer(() => child.end());
  const [origin] = await child.line(/http:\/\/[\d.]+:\d+/);
  await untilReady(`${origin}/readyz`, "corral", 30 * 60_000);
  return { origin, pid: child.pid };
}
