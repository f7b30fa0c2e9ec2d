import { Command } from "commander";
import type { Logger } from "pino";
import {
  type Config,
  createGateway,
  createMetrics,
  type Gateway,
  type GatewayAddress,
  loadConfig,
  openPool,
  type Pool,
  poolOptionsOf,
  progressReporter,
  usualConfigFiles,
} from "../index.ts";
import { addConfigFlags } from "./config-flags.ts";
import { type Interruption, onInterruption } from "./interruption.ts";
import { openLog } from "./log.ts";
import { coloursFor } from "./terminal/colour.ts";
import { watchPool } from "./watch-pool.ts";

const EXAMPLES = `
Examples:
  corral serve                                   the built-in echo model on http://127.0.0.1:8080
  corral serve ./qwen2.5-7b-q4_k_m.gguf          a model of your own, planned for this machine
  corral serve ./chatglm3-6b.bin                 a file of chatglm.cpp
  corral serve ./qwen.gguf --goal throughput --concurrency 32
  corral serve ./qwen.gguf --name qwen --workers 2 --slots 4 --port 0
  corral serve ./qwen.gguf --host 0.0.0.0 --api-key-file /etc/corral/keys
  corral serve ./qwen.gguf --max-workers 4 --idle-timeout 600000   as many as the load needs, none after 10 minutes
  corral serve ./qwen.gguf --listen 8080,unix:/run/corral/http.sock --args=--temp,0.5
  corral serve --config corral.yaml              several models, and every other option
  CORRAL_MODEL=./qwen.gguf CORRAL_PORT=9000 corral serve

A configuration file, YAML, TOML or JSON (corral.example.yaml has every key; corral config check):
  listen: [8080, "unix:/run/corral/http.sock"]
  models:
    qwen:
      source: ./qwen.gguf
      workers: 2

A flag wins over its variable (--drain-timeout is CORRAL_DRAIN_TIMEOUT), a variable over the file. Times are milliseconds.
Without a model and a file it reads $XDG_CONFIG_HOME/corral/corral.yaml or /etc/corral/corral.yaml, if one is there.
SIGTERM and SIGINT let running requests finish; the second one ends them.`;

export function serveCommand(): Command {
  return addConfigFlags(new Command("serve"))
    .description("serve models over an OpenAI-compatible HTTP API")
    .addHelpText("after", EXAMPLES)
    .action(serve);
}

interface Flags extends Record<string, string | boolean | undefined> {
  readonly config?: string;
}

async function serve(model: string | undefined, { config: file, ...flags }: Flags): Promise<void> {
  const config = await loadConfig({ file, flags: { ...flags, model }, places: usualConfigFiles(process.env) });
  const log = openLog(config.gateway.logLevel);
  if (config.files.length > 0) log.info({ files: config.files }, "configuration read");
  const interruption = onInterruption();
  const report = progressReporter(process.stderr);
  const pools = config.models.map((options) => openPool(poolOptionsOf(options), { report }));
  const gateway = assemble(config, pools, log);
  interruption.second.addEventListener("abort", () => void endNow(gateway, pools));
  try {
    await run(config, { gateway, pools, log, interruption });
    await gateway.close();
    await Promise.all(pools.map((pool) => pool.close()));
  } finally {
    await destroyAll(gateway, pools);
    interruption.release();
  }
}

function assemble(config: Config, pools: readonly Pool[], log: Logger): Gateway {
  const metrics = createMetrics();
  for (const pool of pools) {
    metrics.observe(pool);
    watchPool(pool, log);
  }
  return createGateway({ pools, options: config.gateway, log, metrics: metrics.render });
}

interface Server {
  readonly gateway: Gateway;
  readonly pools: readonly Pool[];
  readonly log: Logger;
  readonly interruption: Interruption;
}

/** Listens, loads, serves; resolves when it is asked to stop. */
async function run(config: Config, { gateway, pools, log, interruption }: Server): Promise<void> {
  // First of all: a port that is taken is said before a model has been loaded for minutes.
  const address = await gateway.listen();
  print(`corral listens on ${address.url}`);
  log.info({ url: address.url, models: pools.map(({ name }) => name) }, "listening");
  warnOfChoices(config, log);

  await Promise.race([Promise.all(pools.map((pool) => pool.ready())), interruption.asked]);
  if (!interruption.first.aborted) {
    print(welcome(pools, address));
    log.info("ready");
  }
  await interruption.asked;
  log.info({ signal: interruption.first.reason }, "stopping: running requests may finish");
}

function warnOfChoices({ gateway, models }: Config, log: Logger): void {
  for (const { arithmetic, name } of models) {
    if (arithmetic !== "fast") continue;
    log.warn(
      { model: name },
      "fast arithmetic: sums in half precision where the CPU has them, which overflow in some models; if answers are garbage, serve without it",
    );
  }
  const open = gateway.listen.filter((address) => address.kind === "tcp" && !LOOPBACK.includes(address.host));
  if (gateway.apiKeys.length === 0 && open.length > 0) {
    log.warn({ listen: open }, "everyone who reaches this address may ask: --api-key-file asks for a key");
  }
}

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];

function welcome(pools: readonly Pool[], { examples }: GatewayAddress): string {
  const { bold, dim } = coloursFor(process.stdout);
  const ready = pools.map((pool) => {
    const { name, plan } = pool;
    const { workers = [], slots = 0 } = plan ?? {};
    const threads = workers[0]?.threads ?? 0;
    const running = pool.stats().workers.length;
    const count = running < workers.length ? `${running} of at most ${workers.length}` : running;
    return `ready: ${name} (workers: ${count}, threads: ${threads} and slots: ${slots} in each)`;
  });
  return [
    ...ready,
    "",
    dim("# in a shell"),
    bold(examples.curl),
    "",
    dim("// in JavaScript, with the package openai"),
    examples.javascript,
    "",
  ].join("\n");
}

/** Milliseconds that the workers get to be gone. */
const LAST_MOMENT = 1_000;

async function endNow(gateway: Gateway, pools: readonly Pool[]): Promise<void> {
  setTimeout(() => process.exit(1), LAST_MOMENT);
  await destroyAll(gateway, pools);
  process.exit(1);
}

async function destroyAll(gateway: Gateway, pools: readonly Pool[]): Promise<void> {
  await Promise.all([gateway.destroy(), ...pools.map((pool) => pool.destroy())]);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
