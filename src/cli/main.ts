#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { CorralError } from "../errors.ts";
import { version } from "./version.ts";

/** Loaded when asked for: `corral --version` need not read the whole engine room. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./serve.ts")).serveCommand(),
  status: async () => (await import("./status.ts")).statusCommand(),
  reload: async () => (await import("./reload.ts")).reloadCommand(),
  restart: async () => (await import("./restart.ts")).restartCommand(),
  scale: async () => (await import("./scale.ts")).scaleCommand(),
  pardon: async () => (await import("./pardon.ts")).pardonCommand(),
  logs: async () => (await import("./logs.ts")).logsCommand(),
  upgrade: async () => (await import("./upgrade.ts")).upgradeCommand(),
  top: async () => (await import("./top.ts")).topCommand(fetchStatus),
  build: async () => (await import("./build.ts")).buildCommand(),
  doctor: async () => (await import("./doctor.ts")).doctorCommand(),
  plan: async () => (await import("./plan.ts")).planCommand(),
  bench: async () => (await import("./bench.ts")).benchCommand(),
  tune: async () => (await import("./tune.ts")).tuneCommand(),
  service: async () => (await import("./service.ts")).serviceCommand(),
  config: async () => (await import("./config.ts")).configCommand(),
  model: async () => (await import("./model.ts")).modelCommand(),
};

async function fetchStatus(flags: { admin: string | undefined }) {
  const { running } = await import("./running.ts");
  return await (await running(flags)).status();
}

/** 3 is what the scripts of services say of one that does not run. */
const EXIT = { failed: 1, wrongUsage: 2, notRunning: 3 } as const;

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
  if (error instanceof CorralError && error.code === "CORRAL_NOT_RUNNING") return EXIT.notRunning;
  // A command that was interrupted has said so.
  return typeof process.exitCode === "number" && process.exitCode !== 0 ? process.exitCode : EXIT.failed;
}

/** `corral ... | head` is no failure, nor is a terminal that has been closed. */
function quietWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
    });
  }
}
