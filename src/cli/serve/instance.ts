import type { Logger } from "pino";
import {
  type Changes,
  type Config,
  type Corral,
  createGateway,
  createMetrics,
  type Gateway,
  type GatewayAddress,
  openCorral,
  progressReporter,
} from "../../index.ts";
import { joinService, type Service } from "../../service/service.ts";
import type { Interruption } from "../interruption.ts";
import { watchPool } from "../watch-pool.ts";
import { print, welcome } from "./welcome.ts";

export interface InstanceParts {
  readonly config: Config;
  /** Reads the configuration again, from where it came. */
  readonly load: () => Promise<Config>;
  readonly log: Logger;
}

/** What `corral serve` is until it is told to stop: models, the front over them, and who is told how they are. */
export class Instance {
  readonly #load: () => Promise<Config>;
  readonly #log: Logger;
  readonly #corral: Corral;
  readonly #gateway: Gateway;
  readonly #service: Service;
  #config: Config;
  #reloading: Promise<unknown> = Promise.resolve();

  /** Begins to load the models. */
  constructor({ config, load, log }: InstanceParts) {
    this.#config = config;
    this.#load = load;
    this.#log = log;
    const metrics = createMetrics();
    this.#corral = openCorral(manyModels(config), { report: progressReporter(process.stderr) });
    this.#corral.on("opened", (pool) => {
      pool.once("closed", metrics.observe(pool));
      watchPool(pool, log);
    });
    const pools = () => this.#corral.models;
    this.#gateway = createGateway({ pools, options: config.gateway, log, metrics: metrics.render });
    this.#service = joinService({ models: () => observed(this.#corral), log });
  }

  /**
   * Listens, loads, serves; resolves when it is asked to stop.
   * @throws CorralError CORRAL_PORT_TAKEN, CORRAL_BAD_OPTION; why no model can be served
   */
  async serve({ first, asked }: Interruption): Promise<void> {
    // First of all: a port that is taken is said before a model has been loaded for minutes.
    const address = await this.#gateway.listen();
    this.#tellAddress(address);
    warnOfChoices(this.#config, this.#log);
    await Promise.race([this.#loaded(), asked]);
    if (!first.aborted) {
      print(welcome(this.#corral.models, address));
      this.#log.info("ready");
      this.#service.ready();
    }
    await asked;
    this.#log.info({ signal: first.reason }, "stopping: running requests may finish");
  }

  /**
   * Reads the configuration again and goes over to it. One after the other.
   * @throws CorralError: nothing has changed then
   */
  reload(): Promise<Changes> {
    const reloaded = this.#reloading.then(() => this.#reload());
    this.#reloading = reloaded.catch(() => {});
    return reloaded;
  }

  async close(): Promise<void> {
    await Promise.all([this.#service.stopping(), this.#gateway.close()]);
    await this.#corral.close();
  }

  async destroy(): Promise<void> {
    this.#service.end();
    await Promise.all([this.#gateway.destroy(), this.#corral.destroy()]);
  }

  async #reload(): Promise<Changes> {
    this.#service.reloading();
    try {
      const config = await this.#load();
      const changes = await this.#corral.reconfigure(manyModels(config));
      this.#gateway.reconfigure(config.gateway);
      this.#log.level = config.gateway.logLevel;
      if (JSON.stringify(config.gateway.listen) !== JSON.stringify(this.#config.gateway.listen)) {
        this.#log.warn("other addresses to listen on need a restart: until then it listens where it did");
      }
      this.#config = config;
      const { failed, ...done } = changes;
      for (const { model, error } of failed) this.#log.error({ model, err: error }, "the model stays as it was");
      this.#log.info(done, "reloaded");
      return changes;
    } catch (error) {
      this.#log.error({ reason: (error as Error).message }, "not reloaded: all stays as it was");
      throw error;
    } finally {
      this.#service.ready();
    }
  }

  /** Resolves when each eager model serves or has failed. @throws where none is left */
  async #loaded(): Promise<void> {
    const models = this.#corral.models;
    const results = await Promise.allSettled(models.map(({ pool }) => pool.ready()));
    const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    if (failures.length > 0 && failures.length === models.length) throw failures[0];
    for (const error of failures) this.#log.error({ reason: (error as Error).message }, "a model can't be served");
  }

  #tellAddress({ url, all }: GatewayAddress): void {
    print(`corral listens on ${all.join(", ")}`);
    const { files } = this.#config;
    const models = this.#corral.models.map(({ name }) => name);
    this.#log.info({ url, models, ...(files.length > 0 ? { files } : {}) }, "listening");
  }
}

function manyModels({ models, corral }: Config) {
  return { ...corral, models: Object.fromEntries(models.map((options) => [options.name, options])) };
}

function observed({ models }: Corral) {
  return models.map(({ pool, options: { stallTimeout, startTimeout } }) => ({
    stats: () => pool.stats(),
    stallTimeout,
    startTimeout,
  }));
}

function warnOfChoices({ gateway, models }: Config, log: Logger): void {
  for (const { arithmetic, name } of models) {
    if (arithmetic !== "fast") continue;
    log.warn(
      { model: name },
      "fast arithmetic: sums in half precision where the CPU has them, which overflow in some models; if answers are garbage, serve without it",
    );
  }
  const open = gateway.listen.flatMap((address) =>
    address.kind === "tcp" && !["127.0.0.1", "::1", "localhost"].includes(address.host) ? [address.host] : [],
  );
  if (gateway.apiKeys.length > 0 || open.length === 0) return;
  log.warn({ host: open[0] }, "everyone who reaches this address may ask: --api-key-file asks for a key");
}
