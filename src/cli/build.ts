import { Command, InvalidArgumentError, Option } from "commander";
import { type Build, ensureBuild, progressReporter } from "../index.ts";
import { coloursFor } from "./terminal/colour.ts";
import { table } from "./terminal/table.ts";

interface Flags {
  source?: string;
  unverified?: true;
  arithmetic: "safe" | "fast";
  define: string[];
  jobs?: number;
  json?: true;
}

const EXAMPLES = `
Examples:
  corral build                          build llama-server for this CPU, or say that it is there
  corral build --source ~/llama.cpp     from a source tree of your own, which must be the pinned one
  corral build -D GGML_LTO=ON --jobs 1  with another CMake option, one compiler at a time
  corral build --json | jq -r .dir      for scripts: progress goes to stderr

A build that is there and has proved itself is kept. Everything lies in $CORRAL_CACHE_DIR (default ~/.cache/corral).`;

export function buildCommand(): Command {
  return new Command("build")
    .description("compile the engine for this very CPU and prove that it computes right")
    .option("--source <dir>", "a source tree of your own (default: submodule, release archive, npm)")
    .option("--unverified", "take a source tree that is not the pinned one")
    .addOption(
      new Option("--arithmetic <kind>", '"fast" keeps half-precision sums: quicker, and wrong for some models')
        .choices(["safe", "fast"])
        .default("safe"),
    )
    .option("-D, --define <NAME=VALUE>", "one more CMake option; may be repeated", append, [])
    .option("--jobs <n>", "compilers at once (default: one a CPU, fewer where memory is short)", positive)
    .option("--json", "print the build as JSON")
    .addHelpText("after", EXAMPLES)
    .action(run);
}

async function run({ source, unverified, arithmetic, define, jobs, json }: Flags): Promise<void> {
  const interrupted = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => {
    process.exitCode = signal === "SIGINT" ? 130 : 143;
    interrupted.abort(new Error(`interrupted by ${signal}`));
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    const build = await ensureBuild({
      ...{ engine: "llama", source, unverified, arithmetic, defines: define, jobs, exact: true },
      report: progressReporter(process.stderr),
      signal: interrupted.signal,
    });
    process.stdout.write(json ? `${JSON.stringify(build, null, 2)}\n` : describe(build));
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

function describe({ dir, manifest, warnings }: Build): string {
  const { bold, green, yellow } = coloursFor(process.stdout);
  const { engine, rung, proof, seconds } = manifest;
  const passed = proof.checks.filter((check) => check.passed).length;
  const facts = [
    ["engine", `${engine.name} ${engine.version}, ${rung.why}`],
    ["proof", green(`${passed} of ${proof.checks.length} checks passed`)],
    ["made in", `${(seconds.source + seconds.compile + seconds.proof).toFixed(0)} s`],
    ...warnings.map((text) => [yellow("warning"), text]),
  ];
  return `${bold(dir)}\n${table([{ title: "" }, { title: "" }], facts)}\n`;
}

function append(value: string, before: string[]): string[] {
  return [...before, value];
}

function positive(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new InvalidArgumentError("It must be a whole number from 1 to 9999.");
  return Number(value);
}
