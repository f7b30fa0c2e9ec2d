import { Command, Option } from "commander";
import { loadConfig, type Predecessor, predecessor, usualConfigFiles } from "../index.ts";
import { administration, HANDED_OVER } from "./administer.ts";
import { addConfigFlags } from "./config-flags.ts";
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
SIGTERM and SIGINT let running requests finish; the second one ends them. SIGHUP reads the configuration again. While it
runs: corral status, top, reload, restart, scale, pardon, logs, upgrade.`;

export function serveCommand(): Command {
  return addConfigFlags(new Command("serve"))
    .description("serve models over an OpenAI-compatible HTTP API")
    .addOption(
      new Option("--admin <path>", "Unix socket for corral status, restart ... or off (default: where they look)").env(
        "CORRAL_ADMIN",
      ),
    )
    .option("--watch", "read the configuration again whenever one of its files changes")
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
    ...{ path: path || undefined, gateway: instance.gateway, interruption, log, isSuccessor: before !== null },
    instance: instance.administered,
  });
  const stopWatching = watch
    ? watchFiles(
        () => instance.files,
        () => void instance.reload().catch(() => {}),
      )
    : null;
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
