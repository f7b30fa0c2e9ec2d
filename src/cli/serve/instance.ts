import type { Logger } from "pino";
import {
  type CloseOptions,
  type Config,
  type Corral,
  CorralError,
  createGateway,
  createMetrics,
  type Gateway,
  type GatewayAddress,
  holdBack,
  joinService,
  openCorral,
  type Predecessor,
  progressReporter,
  type ReloadReport,
  type Service,
} from "../../index.ts";
import type { Administration } from "../administer.ts";
import type { Interruption } from "../interruption.ts";
import { watchPool } from "../watch-pool.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { print, welcome } from "./welcome.ts";

export interface InstanceParts {
  readonly config: Config;
  /** Reads the configuration again, from where it came. */
  readonly load: () => Promise<Config>;
  readonly log: Logger;
}

/** Who has to do with it while it serves. */
export interface Company {
  readonly interruption: Interruption;
  readonly admin: Administration;
  /** The process that serves until this one does; null where there is none. */
  readonly before: Predecessor | null;
}

/** What `corral serve` is until it is told to stop: models, the front over them, and who is told how they are. */
export class Instance {
  readonly #load: () => Promise<Config>;
  readonly #log: Logger;
  readonly #corral: Corral;
  readonly gateway: Gateway;
  readonly #service: Service;
  #config: Config;
  #reloading: Promise<unknown> = Promise.resolve();
  #reloads = 0;

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
    this.gateway = createGateway({ pools, options: config.gateway, log, metrics: metrics.render });
    this.#service = joinService({ models: () => observed(this.#corral), log });
  }

  /** All that the configuration was read from. */
  get files(): readonly string[] {
    return this.#config.files;
  }

  /** What those see of it who act on it from outside. */
  get administered() {
    return {
      pools: () => this.#corral.models.map(({ pool, options }) => ({ ...options, group: options.group ?? null, pool })),
      files: () => this.files,
      memory: () => this.#corral.memory,
      isReloading: () => this.#reloads > 0,
      reload: () => this.reload(),
    };
  }

  /**
   * Listens, loads, serves; resolves when it is asked to stop.
   * @throws CorralError CORRAL_PORT_TAKEN, CORRAL_BAD_OPTION; why no model can be served
   */
  async serve({ interruption: { first, asked }, admin, before }: Company): Promise<void> {
    const loaded = Promise.race([this.#loaded(before !== null), asked]);
    // Where listening fails, that is what is told.
    loaded.catch(() => {});
    if (before === null) await holdBack(this.#config.gateway.listen, loaded);
    else await loaded;
    if (first.aborted) return;
    // Else first of all: a port that is taken is said before a model has been loaded for minutes.
    const address = await this.gateway.listen();
    await admin.open(address.all);
    this.#tellAddress(address);
    warnOfChoices(this.#config, this.#log);
    await loaded;
    if (!first.aborted) {
      collectGarbage();
      print(welcome(this.#corral.models, address));
      this.#log.info("ready");
      this.#service.ready();
      await before?.ready();
    }
    await asked;
    this.#log.info({ signal: first.reason }, "stopping: running requests may finish");
  }

  /**
   * Reads the configuration again and goes over to it, one call after the other. The log is told, too.
   * @throws CorralError: nothing has changed then
   */
  reload(): Promise<ReloadReport> {
    this.#reloads += 1;
    const reloaded = this.#reloading
      .then(() => this.#reload())
      .finally(() => {
        this.#reloads -= 1;
      });
    this.#reloading = reloaded.catch(() => {});
    return reloaded;
  }

  async close(options: CloseOptions): Promise<void> {
    await Promise.all([this.#service.stopping(), this.gateway.close(options)]);
    await this.#corral.close();
  }

  async destroy(): Promise<void> {
    this.#service.end();
    await Promise.all([this.gateway.destroy(), this.#corral.destroy()]);
  }

  async #reload(): Promise<ReloadReport> {
    this.#service.reloading();
    try {
      const config = await this.#load();
      const changes = await this.#corral.reconfigure(manyModels(config));
      this.gateway.reconfigure(config.gateway);
      this.#log.level = config.gateway.logLevel;
      if (JSON.stringify(config.gateway.listen) !== JSON.stringify(this.#config.gateway.listen)) {
        this.#log.warn("other addresses to listen on need a restart: until then it listens where it did");
      }
      this.#config = config;
      const { failed, ...done } = changes;
      for (const { model, error } of failed) this.#log.error({ model, err: error }, "the model stays as it was");
      this.#log.info(done, "reloaded");
      return { ...done, failed: failed.map(({ model, error }) => ({ model, message: error.message })) };
    } catch (error) {
      if (error instanceof CorralError) this.#log.error({ code: error.code }, `not reloaded: ${error.message}`);
      else this.#log.error({ err: error }, "not reloaded: a defect");
      throw error;
    } finally {
      this.#service.ready();
    }
  }

  /**
   * Resolves when each eager model serves or has failed.
   * @param asOne whether one that fails is too much: the process before this one serves it
   * @throws where none is left
   */
  async #loaded(asOne: boolean): Promise<void> {
    const models = this.#corral.models;
    const results = await Promise.allSettled(models.map(({ pool }) => pool.ready()));
    const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    if (failures.length > 0 && (asOne || failures.length === models.length)) throw failures[0];
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
