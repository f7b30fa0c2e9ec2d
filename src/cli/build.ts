import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { type Build, CorralError, ENGINES, type Engine, ensureBuild, progressReporter } from "../index.ts";
import { formatBytes } from "./terminal/bytes.ts";
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
  corral build                                both engines for this CPU, or say that they are there
  corral build llama                          llama-server alone
  corral build chatglm                        chatglm-server alone: for ChatGLM files that llama.cpp can't run
  corral build llama --source ~/llama.cpp     from a source tree of your own, which must be the pinned one
  corral build llama -D GGML_LTO=ON --jobs 1  with another CMake option, one compiler at a time
  corral build --json | jq -r .dir            for scripts: one object an engine, progress goes to stderr

A build that is there and has proved itself is kept. Everything lies in $CORRAL_CACHE_DIR (default ~/.cache/corral).`;

export function buildCommand(): Command {
  return new Command("build")
    .description("compile the engines for this very CPU and prove that they compute right")
    .addArgument(new Argument("[engine]", "which engine (default: both)").choices(ENGINES))
    .option("--source <dir>", "a source tree of your own (default: submodule, release archive, npm, pip)")
    .option("--unverified", "take a source tree that is not the pinned one")
    .addOption(
      new Option("--arithmetic <kind>", '"fast" keeps half-precision sums: quicker, and wrong for some models')
        .choices(["safe", "fast"])
        .default("safe"),
    )
    .option("-D, --define <NAME=VALUE>", "one more CMake option; may be repeated", append, [])
    .option("--jobs <n>", "compilers at once (default: one a CPU, fewer where memory is short)", positive)
    .option("--json", "print each build as JSON")
    .addHelpText("after", EXAMPLES)
    .action(run);
}

async function run(engine: Engine | undefined, flags: Flags): Promise<void> {
  const { source, unverified, arithmetic, define, jobs, json } = flags;
  if (engine === undefined && (source !== undefined || define.length > 0)) throw engineMissing();
  const interrupted = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => {
    process.exitCode = signal === "SIGINT" ? 130 : 143;
    interrupted.abort(new Error(`interrupted by ${signal}`));
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    for (const each of engine === undefined ? ENGINES : [engine]) {
      const build = await ensureBuild({
        ...{ engine: each, source, unverified, arithmetic, defines: define, jobs, exact: true },
        report: progressReporter(process.stderr),
        signal: interrupted.signal,
      });
      process.stdout.write(json ? `${JSON.stringify(build, null, 2)}\n` : describe(build));
    }
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

function describe({ dir, manifest, warnings }: Build): string {
  const { bold, green, yellow } = coloursFor(process.stdout);
  const { engine, rung, programs, proof, seconds } = manifest;
  const size = Object.values(programs).reduce((sum, { bytes }) => sum + bytes, 0);
  const passed = proof.checks.filter((check) => check.passed).length;
  const facts = [
    ["engine", `${engine.name} ${engine.version}, ${rung.why}`],
    ["proof", green(`${passed} of ${proof.checks.length} checks passed`)],
    ["made in", `${(seconds.source + seconds.compile + seconds.proof).toFixed(0)} s`],
    ["programs", `${Object.keys(programs).join(", ")} (${formatBytes(size)})`],
    ...warnings.map((text) => [yellow("warning"), text]),
  ];
  return `${bold(dir)}\n${table([{ title: "" }, { title: "" }], facts)}\n`;
}

function engineMissing(): CorralError {
  return new CorralError(
    "CORRAL_BAD_OPTION",
    "--source and --define belong to one engine: name it, as in `corral build llama --source DIR`.",
    { facts: { option: "engine" } },
  );
}

function append(value: string, before: string[]): string[] {
  return [...before, value];
}

function positive(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new InvalidArgumentError("It must be a whole number from 1 to 9999.");
  return Number(value);
}
