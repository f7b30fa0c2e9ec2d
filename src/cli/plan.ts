import { Command, InvalidArgumentError, Option } from "commander";
import { formatCpuList, type Plan, type PoolOptions, planPool } from "../index.ts";
import { formatBytes, inMebibytes } from "./terminal/bytes.ts";
import { type Colours, coloursFor } from "./terminal/colour.ts";
import { table } from "./terminal/table.ts";

interface PlanFlags extends Pick<PoolOptions, "engine"> {
  workers?: number;
  threads?: number;
  slots?: number;
  context?: number;
  json?: boolean;
}

/** `corral plan`: shows what `serve` would run, and starts nothing. */
export function planCommand(): Command {
  return new Command("plan")
    .description("show what would be run on this machine: workers, CPUs, memory; starts nothing")
    .argument("[model]", 'a GGUF file, a .bin file of chatglm.cpp, or "echo" for the built-in echo model', "echo")
    .addOption(
      new Option("--engine <name>", "what serves it (default: what serves it best)").choices(["llama", "chatglm"]),
    )
    .option("-w, --workers <n>", "worker processes", positive)
    .option("-t, --threads <n>", "threads of each worker", positive)
    .option("-s, --slots <n>", "concurrent requests in each worker", positive)
    .option("-c, --context <n>", "tokens one request may use, prompt and answer together", positive)
    .option("--json", "print the plan as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  corral plan ./qwen.gguf\n  corral plan ./qwen.gguf --workers 2 --threads 4\n  corral plan ./qwen.gguf --json | jq .memory",
    )
    .action(async (model: string, { json, ...overrides }: PlanFlags) => {
      const plan = await planPool({ model, ...overrides });
      process.stdout.write(`${json ? JSON.stringify(plan, null, 2) : renderPlan(plan, coloursFor(process.stdout))}\n`);
    });
}

function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("Give a whole number from 1 up.");
  return Number(text);
}

/** A plan for people. */
export function renderPlan(plan: Plan, colours: Colours): string {
  const { bold, yellow } = colours;
  return [
    `${bold(plan.model.name)}  ${plan.model.path}`,
    workers(plan),
    shape(plan),
    memory(plan),
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

function shape({ engine, workers, slots, context, promptCache, repack }: Plan): string {
  return table(
    [{ title: "" }, { title: "" }],
    [
      ["engine", `${engine.name}: ${engine.why}`],
      ["slots", `${slots} a worker, ${slots * workers.length} in all`],
      ["context", `${context} tokens a request`],
      ["prompt cache", `${promptCache} MiB a worker`],
      ["weights", repack ? "repacked for this CPU in each worker" : "shared by all workers"],
    ],
  );
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
      once("model file, shared", memory.file),
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
