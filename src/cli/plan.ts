import { Command, InvalidArgumentError, Option } from "commander";
import { formatCpuList, type Plan, type PoolOptions, planPool } from "../index.ts";
import { formatBytes, inMebibytes } from "./terminal/bytes.ts";
import { type Colours, coloursFor } from "./terminal/colour.ts";
import { renderReasons } from "./terminal/reasons.ts";
import { table } from "./terminal/table.ts";

/** All but what is printed is an option of the pool. */
interface PlanFlags extends Omit<PoolOptions, "model"> {
  json?: boolean;
  why?: boolean;
}

const EXAMPLES = `
Examples:
  corral plan ./qwen.gguf
  corral plan ./qwen.gguf --why                          each choice, what is behind it, what was rejected
  corral plan ./qwen.gguf --goal throughput --concurrency 32
  corral plan ./qwen.gguf --workers 2 --threads 4
  corral plan ./qwen.gguf --json | jq .memory`;

/** `corral plan`: shows what `serve` would run, and starts nothing. */
export function planCommand(): Command {
  return new Command("plan")
    .description("show what would be run on this machine: workers, CPUs, memory; starts nothing")
    .argument("[model]", 'a GGUF file, a .bin file of chatglm.cpp, or "echo" for the built-in echo model', "echo")
    .addOption(choice("--engine <name>", "what serves it (default: what serves it best)", ["llama", "chatglm"]))
    .addOption(
      choice("-g, --goal <goal>", "one answer soon, many answers, or both (default)", [
        "latency",
        "balanced",
        "throughput",
      ]),
    )
    .option("-n, --concurrency <n>", "requests at once that are expected (default: what suits the machine)", positive)
    .option("-w, --workers <n>", "worker processes", positive)
    .option("-t, --threads <n>", "threads of each worker", positive)
    .option("-s, --slots <n>", "concurrent requests in each worker", positive)
    .option("-c, --context <n>", "tokens one request may use, prompt and answer together", positive)
    .option("--repack <choice>", "repack weights for this CPU in each worker: true or false", boolean)
    .addOption(choice("--key-value-type <type>", "how keys and values are kept", ["f16", "q8_0"]))
    .option("--prompt-cache <bytes>", "of each worker, for prompts that its slots hold no more: 256MiB, or 0", size)
    .option("--batch <tokens>", "tokens computed at once", positive)
    .addOption(choice("--flash-attention <choice>", "computed in one go or in steps", ["on", "off"]))
    .addOption(choice("--spin <kind>", "how threads wait: spinning or sleeping", ["active", "passive"]))
    .addOption(choice("--speculation <kind>", "guess tokens from the text so far", ["off", "ngram"]))
    .option("--shared-cache <choice>", "one buffer of keys and values for all slots: true or false", boolean)
    .option("--huge-pages <choice>", "2 MiB pages for what workers allocate: true or false", boolean)
    .option("--map-weights <choice>", "share the model file's pages instead of a copy in each: true or false", boolean)
    .option("--why", "tell what is behind each choice, too")
    .option("--json", "print the plan as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (model: string, { json, why, ...options }: PlanFlags) => {
      const plan = await planPool({ model, ...options });
      const colours = coloursFor(process.stdout);
      const text = json ? JSON.stringify(plan, null, 2) : renderPlan(plan, colours, { why });
      process.stdout.write(`${text}\n`);
    });
}

function choice(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices);
}

function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("Give a whole number from 1 up.");
  return Number(text);
}

/** The pool's options say what is wrong with others. */
function size(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function boolean(text: string): boolean {
  if (text !== "true" && text !== "false") throw new InvalidArgumentError("Give true or false.");
  return text === "true";
}

/** A plan for people. @param show.why the reasons, too */
export function renderPlan(plan: Plan, colours: Colours, { why = false }: { why?: boolean | undefined } = {}): string {
  const { bold, yellow } = colours;
  return [
    `${bold(plan.model.name)}  ${plan.model.path}`,
    workers(plan),
    shape(plan),
    memory(plan),
    ...(why ? [renderReasons(plan.why, colours)] : []),
    ...(plan.warnings.length > 0 ? [plan.warnings.map((warning) => `${yellow("!")} ${warning}`).join("\n")] : []),
  ].join("\n\n");
}

function workers({ workers, gatewayCpus }: Plan): string {
  const cpusOf = (cpus: readonly number[], otherwise: string) => (cpus.length > 0 ? formatCpuList(cpus) : otherwise);
  return table(
    [{ title: "WORKER" }, { title: "THREADS", align: "right" }, { title: "CPUS" }],
    [
      ...workers.map(({ replica, threads, cpus }) => [`${replica}`, `${threads}`, cpusOf(cpus, "not pinned")]),
      ["gateway", "", cpusOf(gatewayCpus, "shares those of the workers")],
    ],
  );
}

function shape(plan: Plan): string {
  const { engine, goal, concurrency, workers, slots, context, promptCache, repack, settings, predicted } = plan;
  const asInFile = settings.mapWeights ? "shared by all workers" : "as in the file, a copy in each worker";
  return table(
    [{ title: "" }, { title: "" }],
    [
      ["engine", `${engine.name}: ${engine.why}`],
      ["goal", `${goal}, ${concurrency} request${concurrency === 1 ? "" : "s"} at once`],
      ...(predicted === null ? [] : [["expected", figures(predicted)]]),
      ["slots", `${slots} a worker, ${slots * workers.length} in all`],
      ["context", `${context} tokens a request`],
      ["prompt cache", `${promptCache} MiB a worker`],
      ["weights", repack ? "repacked for this CPU in each worker" : asInFile],
    ],
  );
}

/** Two digits: a prediction is no better than that. */
function figures({ prefill, decode, firstToken }: NonNullable<Plan["predicted"]>): string {
  const rounded = (value: number) => `${Number(value.toPrecision(2))}`;
  return `${rounded(decode)} tokens/s, prompts ${rounded(prefill)} tokens/s, first token after ${rounded(firstToken)} s`;
}

/** What workers hold from the start adds up to `total`; with what they may grow by and what is kept free, to `peak`. */
function memory({ memory, workers }: Plan): string {
  const count = workers.length;
  const perWorker = (what: string, bytes: number) =>
    bytes > 0 ? [[what, inMebibytes(bytes), `x ${count}`, inMebibytes(bytes * count)]] : [];
  const once = (what: string, bytes: number) => [what, "", "", inMebibytes(bytes)];
  return table(
    [
      { title: "MEMORY, MiB" },
      { title: "WORKER", align: "right" },
      { title: "", align: "right" },
      { title: "ALL", align: "right" },
    ],
    [
      ...(memory.file > 0 ? [once("model file, shared", memory.file)] : []),
      ...perWorker("weights as in the file", memory.unpacked),
      ...perWorker("repacked weights", memory.repacked),
      ...perWorker("keys and values", memory.kv),
      ...perWorker("compute (estimate)", memory.compute),
      once("total", memory.total),
      ...perWorker("prompt cache, at most", memory.promptCache),
      once("kept free", memory.headroom),
      once(`peak, of ${formatBytes(memory.budget)}`, memory.peak),
    ],
  );
}
