import { Command, Option } from "commander";
import { loadConfig, type Predecessor, predecessor, usualConfigFiles } from "../index.ts";
import { administration, HANDED_OVER } from "./administer.ts";
import { onInterruption } from "./interruption.ts";
import { openLog } from "./log.ts";
import { Instance } from "./serve/instance.ts";
import { watchFiles } from "./serve/watch-files.ts";

const EXAMPLES = `
Examples:
  corral serve                                   the built-in echo model on http://127.0.0.1:8080
  corral serve ./qwen2.5-7b-q4_k_m.gguf          a model of your own, planned for this machine
  corral serve ./chatglm3-6b.bin                 a file of chatglm.cpp
  corral serve ./qwen.gguf --goal throughput --concurrency 32
  corral serve ./qwen.gguf --name qwen --workers 2 --slots 4 --port 0
  corral serve ./qwen.gguf --host 0.0.0.0 --api-key-file /etc/corral/keys
  corral serve ./qwen.gguf --max-workers 4 --idle-timeout 600000   as many as the load needs, none after 10 minutes
  corral serve --config corral.yaml              several models, and every other option
  CORRAL_MODEL=./qwen.gguf CORRAL_PORT=9000 corral serve

A configuration file, YAML or JSON:
  port: 8080
  models:
    qwen:
      model: ./qwen.gguf
      workers: 2

A flag wins over its variable (--drain-timeout is CORRAL_DRAIN_TIMEOUT), a variable over the file.
SIGTERM and SIGINT let running requests finish; the second one ends them. While it runs: corral status, restart, scale,
logs, upgrade.`;

export function serveCommand(): Command {
  return new Command("serve")
    .description("serve a model over an OpenAI-compatible HTTP API")
    .argument("[model]", 'a GGUF file, a .bin file of chatglm.cpp, or "echo" (default)')
    .option("--config <file>", "read options from this file, too ($CORRAL_CONFIG)")
    .option("--host <address>", "address to listen on (default 127.0.0.1)")
    .option("--port <n>", "port; 0 picks a free one (default 8080)")
    .option("--name <name>", "what clients call the model (default: the file's name)")
    .option("--engine <name>", 'what serves it: llama, chatglm or "auto" (default)')
    .option("--goal <goal>", "latency (one answer soon), throughput (many answers) or balanced (default)")
    .option("--concurrency <n>", 'requests at once that the plan is made for (default "auto": what suits the machine)')
    .option("--workers <n>", 'worker processes (default "auto": what is best for the goal)')
    .option("--min-workers <n>", "fewest of them while there are requests (default: all, or 1 with --max-workers)")
    .option(
      "--max-workers <n>",
      "most that load may start; fewer where they don't fit (default: no more than --workers)",
    )
    .option("--scale-up-delay <ms>", "how long requests wait before a worker is added (default 1000)")
    .option("--scale-up-cooldown <ms>", "pause after a change before a worker is added (default 10000)")
    .option("--scale-down-delay <ms>", "how long a worker is spare before it is ended (default 300000)")
    .option(
      "--idle-timeout <ms>",
      "end all workers after so long without a request; the next one waits (default 0: never)",
    )
    .option("--threads <n>", 'threads of each worker (default "auto": its CPUs)')
    .option("--slots <n>", 'concurrent requests in each worker (default "auto": 1, 4 or 8)')
    .option("--context <tokens>", 'prompt and answer together (default "auto": the model\'s own, at most 8192)')
    .option("--repack <choice>", 'repack weights for this CPU: true, false or "auto" (default)')
    .option("--key-value-type <type>", 'how keys and values are kept: f16, q8_0 or "auto" (default: f16 where it fits)')
    .option("--batch <tokens>", 'tokens computed at once (default "auto": as tuned, else 128, or 512 with one slot)')
    .option("--flash-attention <choice>", 'on, off or "auto" (default: as tuned, else the engine\'s choice)')
    .option("--spin <kind>", 'how threads wait, active or passive (default "auto": as tuned, else active)')
    .option(
      "--speculation <kind>",
      'guess tokens from the text so far, off or ngram (default "auto": as tuned, else off)',
    )
    .option(
      "--shared-cache <choice>",
      'one buffer of keys and values for all slots (default "auto": as tuned, else false)',
    )
    .option("--huge-pages <choice>", '2 MiB pages for what workers allocate (default "auto": as tuned, else false)')
    .option(
      "--arithmetic <kind>",
      '"fast" keeps half-precision sums: quicker, and wrong for some models (default safe)',
    )
    .option("--args <list>", "more flags for the engine, separated by commas: --args=--temp,0.5")
    .option("--queue-limit <n>", "requests that may wait for a slot; more get 429 (default 256)")
    .option("--body-limit <bytes>", "largest request body (default 33554432)")
    .option("--drain-timeout <ms>", "how long a stop waits for running requests (default 30000)")
    .option("--api-key-file <file>", "ask clients for one of the keys in this file, one a line")
    .addOption(
      new Option("--admin <path>", "Unix socket for corral status, restart ... or off (default: where they look)").env(
        "CORRAL_ADMIN",
      ),
    )
    .option("--watch", "read the configuration again whenever one of its files changes")
    .option("--log-level <level>", "silent, error, warn, info (default) or debug")
    .option("--log-content", "log prompts and answers, too")
    .addHelpText("after", EXAMPLES)
    .action(serveInTurn);
}

interface Flags extends Record<string, string | boolean | undefined> {
  readonly config?: string;
  readonly admin?: string;
  readonly watch?: true;
}

/** After an upgrade the process before this one waits to hear how it went. */
async function serveInTurn(model: string | undefined, flags: Flags): Promise<void> {
  const before = predecessor();
  try {
    await serve(model, flags, before);
  } catch (error) {
    await before?.failed(error);
    throw error;
  }
}

async function serve(
  model: string | undefined,
  { config: file, admin: path, watch, ...flags }: Flags,
  before: Predecessor | null,
): Promise<void> {
  const load = () => loadConfig({ file, flags: { ...flags, model }, places: usualConfigFiles(process.env) });
  const config = await load();
  const log = openLog(config.gateway.logLevel);
  if (config.files.length > 0) log.info({ files: config.files }, "configuration read");
  const interruption = onInterruption();
  const instance = new Instance({ config, load, log });
  const admin = administration({
    ...{ path, gateway: instance.gateway, interruption, log, isSuccessor: before !== null },
    instance: instance.administered,
  });
  const stopWatching = watch ? watchFiles(() => instance.files, () => void instance.reload().catch(() => {})) : null;
  interruption.second.addEventListener("abort", () => void endNow(instance));
  try {
    await instance.serve({ interruption, admin, before });
    await instance.close({ toSuccessor: interruption.first.reason === HANDED_OVER });
  } finally {
    stopWatching?.();
    await admin.close();
    await instance.destroy();
    interruption.release();
  }
}

/** Milliseconds that the workers get to be gone. */
const LAST_MOMENT = 1_000;

async function endNow(instance: Instance): Promise<void> {
  setTimeout(() => process.exit(1), LAST_MOMENT);
  await instance.destroy();
  process.exit(1);
}
