import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  CorralError,
  loadConfig,
  openPool,
  type Pool,
  type PoolOptions,
  poolOptionsOf,
  progressReporter,
  type RequestShape,
  readMachine,
  TRACES,
  type Trace,
  writeWhole,
} from "../index.ts";
import { levelsOf } from "./bench-report/levels.ts";
import { measureLevels } from "./bench-report/measure.ts";
import { renderPage } from "./bench-report/page.ts";
import { type BenchReport, machineFacts, modelFacts, planFacts } from "./bench-report/report.ts";
import { renderText } from "./bench-report/text.ts";
import { type Interruption, onInterruption } from "./interruption.ts";
import { coloursFor } from "./terminal/colour.ts";

const EXAMPLES = `
Examples:
  corral bench ./qwen.gguf                          what this machine gives, at 1, 2, 4 ... requests at once
  corral bench ./qwen.gguf --html qwen.html         with charts on a page of its own
  corral bench ./qwen.gguf --concurrency 1,8 --shape long
  corral bench ./qwen.gguf --prompt 512 --answer 128 --requests 20
  corral bench ./qwen.gguf --workers 2 --threads 4 --slots 4    another plan than corral's own
  corral bench ./qwen.gguf --json | jq '.levels[] | [.concurrency, .throughput.answer]'

It opens the pool that \`corral serve\` would and asks it as clients do. "chat" and "long" are lengths of requests from
public traces, scaled down. SIGINT ends it with the levels that are measured; a second one at once.`;

interface Flags extends Record<string, unknown> {
  readonly shape: Trace;
  readonly prompt?: number;
  readonly answer?: number;
  readonly concurrency?: readonly number[];
  readonly requests?: number;
  readonly planFor?: string;
  readonly html?: string;
  readonly json?: true;
}

export function benchCommand(): Command {
  return new Command("bench")
    .description("measure what a model gives on this machine: tokens a second and waits, by requests at once")
    .argument("[model]", 'a GGUF file, a .bin file of chatglm.cpp, or "echo" for the built-in echo model', "echo")
    .option("--concurrency <list>", "requests at once, separated by commas (default: 1, 2, 4 ... all slots)", wholes)
    .option("--requests <n>", "requests at each of them (default: twice as many, and each shape equally often)", whole)
    .addOption(new Option("--shape <trace>", "lengths of the requests").choices(Object.keys(TRACES)).default("chat"))
    .option("--prompt <tokens>", "tokens of every prompt, instead of the trace's", whole)
    .option("--answer <tokens>", "tokens of every answer, instead of the trace's; at least 2", whole)
    .option("--html <file>", "write a page with charts, too")
    .option("--json", "print the figures as JSON; progress goes to stderr")
    .optionsGroup("The plan, as of `corral serve`:")
    .option("--goal <goal>", "latency, balanced (default) or throughput")
    .option("--plan-for <n>", "requests at once that the plan is made for")
    .option("--engine <name>", 'what serves it: llama, chatglm or "auto" (default)')
    .option("--workers <n>", "worker processes")
    .option("--threads <n>", "threads of each worker")
    .option("--slots <n>", "concurrent requests in each worker")
    .option("--context <tokens>", "prompt and answer together")
    .option("--repack <choice>", 'repack weights for this CPU: true, false or "auto" (default)')
    .option("--key-value-type <type>", "how keys and values are kept: f16 or q8_0")
    .option("--prompt-cache <bytes>", "of each worker, for prompts that its slots hold no more")
    .option("--batch <tokens>", "tokens computed at once")
    .option("--flash-attention <choice>", 'on, off or "auto" (default)')
    .option("--spin <choice>", "how threads wait: active or passive")
    .option("--speculation <choice>", "off or ngram; its gain depends on texts, and these are random")
    .option("--shared-cache <choice>", "one buffer of keys and values for all slots: true or false")
    .option("--huge-pages <choice>", "2 MiB pages: true or false")
    .option("--map-weights <choice>", "share the model file's pages instead of a copy in each: true or false")
    .option("--arithmetic <kind>", "safe (default) or fast")
    .option("--args <list>", "more flags for the engine, separated by commas")
    .addHelpText("after", EXAMPLES)
    .action(bench);
}

async function bench(model: string, flags: Flags): Promise<void> {
  const options = await optionsFor(model, flags);
  if (flags.html !== undefined) await checkPlace(flags.html);
  const shapes = shapesOf(flags);
  const interruption = onInterruption();
  interruption.second.addEventListener("abort", () => process.exit(exitCodeOf(interruption)));
  const pool = openPool(options, { report: progressReporter(process.stderr), signal: interruption.first });
  pool.on("warning", (sentence) => process.stderr.write(`corral: ${sentence}\n`));
  try {
    await pool.ready();
    await measureAndTell(pool, shapes, flags, interruption);
  } catch (error) {
    if (!interruption.first.aborted) throw error;
    process.stderr.write("corral: interrupted before anything was measured\n");
    process.exitCode = exitCodeOf(interruption);
  } finally {
    await pool.destroy();
    interruption.release();
  }
}

/** As shells count it: 128 and the signal's number. */
function exitCodeOf({ first }: Interruption): number {
  return first.reason === "SIGTERM" ? 143 : 130;
}

/** The figures are told even where a later level fails; then the failure. */
async function measureAndTell(
  pool: Pool,
  shapes: readonly RequestShape[],
  flags: Flags,
  interruption: Interruption,
): Promise<void> {
  const { plan, model } = pool;
  if (plan === null || model === null)
    throw new CorralError("CORRAL_INTERNAL", "a ready pool has no plan; report this");
  const startedAt = new Date().toISOString();
  const { levels, error } = await measureLevels(pool, shapes, levelsOf(plan, shapes, flags), interruption.first);
  if (levels.length > 0) {
    await tell(
      {
        startedAt,
        model: modelFacts(model),
        machine: machineFacts(await readMachine()),
        plan: planFacts(plan),
        load: { name: nameOf(flags), shapes },
        levels,
        isPartial: error !== null,
      },
      flags,
    );
  }
  if (error === null) return;
  if (levels.length === 0 || !interruption.first.aborted) throw error;
  process.exitCode = exitCodeOf(interruption);
}

async function tell(report: BenchReport, { json, html }: Flags): Promise<void> {
  const { stdout } = process;
  const terminal = { colours: coloursFor(stdout), width: stdout.columns ?? 80 };
  stdout.write(`${json ? JSON.stringify(report, null, 2) : renderText(report, terminal)}\n`);
  if (html === undefined) return;
  await writeWhole(html, [Buffer.from(renderPage(report))], undefined);
  process.stderr.write(`${html}: written\n`);
}

/** A page that can't be written is said before minutes have been spent on it. */
async function checkPlace(html: string): Promise<void> {
  try {
    await access(dirname(html), constants.W_OK);
  } catch (cause) {
    const message = `cannot write ${html}: ${(cause as Error).message}. Check that its folder exists and may be written to.`;
    throw new CorralError("CORRAL_WRITE_FAILED", message, { cause, facts: { path: html } });
  }
}

/** Flags, variables and file as `corral serve` reads them; `--concurrency` is how many ask here. */
async function optionsFor(model: string, flags: Flags): Promise<PoolOptions> {
  const config = await loadConfig({ flags: { ...flags, model, concurrency: flags.planFor } });
  const [only] = config.models;
  return only === undefined ? {} : poolOptionsOf(only);
}

function shapesOf({ shape, prompt, answer }: Flags): readonly RequestShape[] {
  return TRACES[shape].map((each) => ({ prompt: prompt ?? each.prompt, answer: answer ?? each.answer }));
}

function nameOf({ shape, prompt, answer }: Flags): string {
  return prompt !== undefined && answer !== undefined ? "fixed" : shape;
}

function whole(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Give a whole number from 1 on.");
  return Number(text);
}

function wholes(text: string): number[] {
  return text.split(",").map((part) => whole(part.trim()));
}
