#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { CorralError } from "../errors.ts";

/** Loaded when asked for: `corral --version` need not read the whole engine room. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./serve.ts")).serveCommand(),
  build: async () => (await import("./build.ts")).buildCommand(),
  doctor: async () => (await import("./doctor.ts")).doctorCommand(),
  plan: async () => (await import("./plan.ts")).planCommand(),
  bench: async () => (await import("./bench.ts")).benchCommand(),
  tune: async () => (await import("./tune.ts")).tuneCommand(),
  config: async () => (await import("./config.ts")).configCommand(),
  model: async () => (await import("./model.ts")).modelCommand(),
};

const EXIT = { failed: 1, wrongUsage: 2 } as const;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  quietWhenNobodyReads();
  try {
    const program = await commandLine(args);
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = tell(error);
  }
}

async function commandLine([asked = ""]: readonly string[]): Promise<Command> {
  const program = new Command("corral")
    .description("Large language models on CPUs: builds llama-server for this very CPU, keeps a pool of it, serves it.")
    .version(version(), "--version", "print the version")
    .helpCommand(true);
  const wanted = COMMANDS[asked] === undefined ? Object.values(COMMANDS) : [COMMANDS[asked]];
  if (asked !== "--version") for (const load of wanted) program.addCommand(await load());
  throwInsteadOfExit(program);
  return program;
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const inner of command.commands) throwInsteadOfExit(inner);
}

/** Prints an error as a person needs it. @returns the exit code */
function tell(error: unknown): number {
  // Help and version come this way, too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.wrongUsage;
  if (process.env.CORRAL_DEBUG) console.error(error);
  else if (error instanceof CorralError) console.error(`corral: ${error.message} [${error.code}]`);
  else console.error(`corral: ${error instanceof Error ? error.message : error} (CORRAL_DEBUG=1 shows where)`);
  if (error instanceof CorralError && error.code === "CORRAL_BAD_OPTION") return EXIT.wrongUsage;
  // A command that was interrupted has said so.
  return typeof process.exitCode === "number" && process.exitCode !== 0 ? process.exitCode : EXIT.failed;
}

/** `corral ... | head` is no failure. */
function quietWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

/** Of package.json, two folders up from the sources and three from dist/. */
function version(): string {
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const { name, version: own } = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
      if (name === "corral") return own;
    } catch {}
  }
  return "unknown";
}
