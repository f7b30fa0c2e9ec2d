import { relative } from "node:path";
import { Command, Option } from "commander";
import {
  type Config,
  type ConfigEntry,
  CorralError,
  checkConfig,
  configEntries,
  configSchema,
  configText,
  configTree,
  loadConfig,
  type Problem,
  planPool,
  poolOptionsOf,
  problemAt,
  problemText,
  usualConfigFiles,
} from "../index.ts";
import { addConfigFlags } from "./config-flags.ts";

const EXAMPLES = `
Examples:
  corral config check --config corral.yaml     all that is wrong with it, each with its line; exit code 2 if anything is
  corral config print --show-origin            what counts, and where each value came from
  corral config print ./qwen.gguf --port 9000 --show-origin
  corral config schema > corral.schema.json    for editors, and for checks elsewhere`;

export function configCommand(): Command {
  return new Command("config")
    .description("check a configuration, show what counts, print its schema")
    .addCommand(checkCommand())
    .addCommand(printCommand())
    .addCommand(schemaCommand())
    .addHelpText("after", EXAMPLES);
}

function checkCommand(): Command {
  return new Command("check")
    .description("say all that is wrong with a configuration file, each with its line; exit code 2 if anything is")
    .option("--config <file>", "the file (default: $CORRAL_CONFIG, else where corral serve looks)")
    .option("--json", "print what was found as JSON")
    .action(async ({ config: file, json }: { config?: string; json?: true }) => {
      const { problems, ...found } = await check(file);
      const summary = problems.length === 0 ? `${inWords(found)}: all right` : counted(problems.length, "problem");
      const text = [...problems.map(problemText), summary].join("\n");
      print(json ? JSON.stringify({ ...found, problems }, null, 2) : text);
      if (problems.length > 0) process.exitCode = 2;
    });
}

interface Found {
  readonly models: readonly string[];
  readonly files: readonly string[];
}

async function check(file: string | undefined): Promise<Found & { readonly problems: readonly Problem[] }> {
  try {
    const config = await loadConfig({ file, places: usualConfigFiles(process.env) });
    if (config.files.length === 0) throw nothingToCheck();
    const problems = await checkConfig(config);
    const models = config.models.map(({ name }) => name);
    return { models, files: config.files, problems: problems.length > 0 ? problems : await planProblems(config) };
  } catch (error) {
    const problems = error instanceof CorralError ? error.facts.problems : undefined;
    if (!Array.isArray(problems)) throw error;
    return { models: [], files: [], problems };
  }
}

/** What a plan for this machine shows: flags of the engine that corral owns, a broken model, memory that is not there. */
async function planProblems({ models, origins }: Config): Promise<Problem[]> {
  const plans = await Promise.allSettled(models.map((options) => planPool(poolOptionsOf(options))));
  return plans.flatMap((plan, index) => {
    if (plan.status === "fulfilled") return [];
    const { message, code } = plan.reason as CorralError;
    const { name, args } = models[index] as Config["models"][number];
    const key = `models.${name}.${code === "CORRAL_BAD_OPTION" && args.length > 0 ? "args" : "source"}`;
    return [problemAt(origins[key], key, `models.${name}: ${message}`)];
  });
}

function nothingToCheck(): CorralError {
  const places = usualConfigFiles(process.env).join(" or ");
  return new CorralError(
    "CORRAL_BAD_OPTION",
    `There is no configuration file. Name one with --config FILE, or put it at ${places}.`,
    { facts: { option: "config" } },
  );
}

function inWords({ models, files }: Found): string {
  return `${counted(models.length, "model")}, ${counted(files.length, "file")}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

interface PrintFlags extends Record<string, unknown> {
  readonly config?: string;
  readonly showOrigin?: true;
  readonly json?: true;
}

/** It takes the flags of `corral serve`: put one before the other to see what it would do. */
function printCommand(): Command {
  return addConfigFlags(new Command("print"))
    .description("show what corral serve with the same flags would go by; keys are not shown")
    .addOption(new Option("--admin <path>").hideHelp())
    .addOption(new Option("--watch").hideHelp())
    .option("--show-origin", "say where each value came from")
    .option("--json", "print it as JSON")
    .action(async (model: string | undefined, { config: file, showOrigin, json, ...flags }: PrintFlags) => {
      const config = await loadConfig({ file, flags: { ...flags, model }, places: usualConfigFiles(process.env) });
      print(json ? asJson(config, showOrigin) : asText(config, showOrigin));
    });
}

function asText(config: Config, showOrigin: true | undefined): string {
  const comment = showOrigin ? originText : undefined;
  const from = config.files.map((file) => `# from ${shortPath(file)}\n`).join("");
  return `${from}${configText(configEntries(config), comment)}`;
}

function originText({ origin }: ConfigEntry): string {
  if (origin === null) return "default";
  const { kind, name } = origin;
  if (kind !== "file") return `${kind} ${name}`;
  return `file ${shortPath(name)}${origin.line === null ? "" : `:${origin.line}`}`;
}

/** Below the folder where one is, as one would write it. */
function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}

function asJson(config: Config, showOrigin: true | undefined): string {
  const leaf = ({ value, origin }: ConfigEntry): unknown =>
    showOrigin ? { value, origin: origin ?? { kind: "default" } } : value;
  return JSON.stringify(configTree(configEntries(config), leaf), null, 2);
}

function schemaCommand(): Command {
  return new Command("schema")
    .description("print the JSON Schema of configuration files")
    .action(() => print(JSON.stringify(configSchema(), null, 2)));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
