import { poolOptionsOf, type ResolvedModelOptions } from "../config/model-options.ts";
import type { CorralModel } from "../corral-types.ts";
import { claimOf } from "../plan/memory.ts";
import { canChange, differences } from "../pool/change.ts";
import { openPool, type PoolSetup } from "../pool.ts";
import type { CallOptions, ExchangeFacts, Pool } from "../pool-types.ts";
import type { Sink, UpstreamRequest } from "../proxy/sink.ts";
import type { Residency } from "../residency/residency.ts";

/** What a model needs of the corral it is in. */
export interface Surroundings {
  readonly residency: Residency;
  readonly setup: PoolSetup;
  /** Told of each pool before it starts. */
  readonly opened: (pool: Pool) => void;
}

/** Milliseconds for what runs in a pool that goes: nobody asked for its requests to end. */
const LONG_ANSWER = 600_000;

/** A pool, and the requests that came to it by its model's name. */
interface Host {
  readonly pool: Pool;
  requests: number;
  lastUsed: number;
}

/** A model under its name: the only owner of which pool serves it. */
export class LiveModel implements CorralModel {
  readonly name: string;
  readonly #around: Surroundings;
  /** Besides the one that serves: one that is to take its place, and those whose place was taken. */
  readonly #others = new Set<Pool>();
  #options: ResolvedModelOptions;
  #host: Host;

  constructor(options: ResolvedModelOptions, around: Surroundings) {
    this.name = options.name;
    this.#around = around;
    this.#options = options;
    this.#host = this.#open(options, options.start === "lazy");
  }

  get options(): ResolvedModelOptions {
    return this.#options;
  }

  get aliases(): readonly string[] {
    return this.#options.aliases;
  }

  get pool(): Pool {
    return this.#host.pool;
  }

  get model() {
    return this.pool.model;
  }

  get plan() {
    return this.pool.plan;
  }

  get state() {
    return this.pool.state;
  }

  get isReady(): boolean {
    return this.pool.isReady;
  }

  stats() {
    return this.pool.stats();
  }

  async exchange(request: UpstreamRequest, sink: Sink, options?: CallOptions): Promise<ExchangeFacts> {
    const host = this.#host;
    this.#count(host, 1);
    try {
      return await host.pool.exchange(request, sink, options);
    } finally {
      this.#count(host, -1);
    }
  }

  /** Goes over to other options. @throws what keeps it from that; it goes on as it was then */
  async change(next: ResolvedModelOptions): Promise<void> {
    const wanted = poolOptionsOf(next);
    const changed = differences(poolOptionsOf(this.#options), wanted);
    if (!changed.every(canChange)) await this.#replace(next);
    else if (changed.length > 0) await this.pool.reconfigure(wanted);
    this.#options = next;
    this.#around.residency.look();
  }

  /** Takes no more requests; what runs gets ten minutes. */
  async retire(): Promise<void> {
    await this.pool.close({ drainTimeout: LONG_ANSWER });
  }

  /** What runs gets `drainTimeout`, also where it had ten minutes. */
  async close(): Promise<void> {
    const { drainTimeout } = this.#options;
    await Promise.all([this.pool, ...this.#others].map((pool) => closeWithin(pool, drainTimeout)));
  }

  async destroy(): Promise<void> {
    await Promise.all([this.pool, ...this.#others].map((pool) => pool.destroy()));
  }

  /** The new pool serves before the old one ends, where memory allows; else requests wait in between. */
  async #replace(next: ResolvedModelOptions): Promise<void> {
    const before = this.#host;
    const wasLoaded = before.pool.state === "ready";
    const host = this.#open(next, true);
    let isLoaded = false;
    this.#others.add(host.pool);
    try {
      await host.pool.ready();
      const { plan } = host.pool;
      isLoaded = wasLoaded && plan !== null && this.#around.residency.hasRoom(this.name, claimOf(plan));
      if (isLoaded) await host.pool.load();
    } catch (error) {
      await host.pool.destroy();
      throw error;
    } finally {
      this.#others.delete(host.pool);
    }
    this.#host = host;
    void this.#leave(before.pool, wasLoaded && !isLoaded);
  }

  /** @param loadsNext whether its successor waits for its memory */
  async #leave(pool: Pool, loadsNext: boolean): Promise<void> {
    this.#others.add(pool);
    await pool.close({ drainTimeout: LONG_ANSWER });
    this.#others.delete(pool);
    // Where it can't be loaded now, a request tries again, and whoever asked is told.
    if (loadsNext) await this.pool.load().catch(() => {});
  }

  #open(options: ResolvedModelOptions, isLazy: boolean): Host {
    const { residency, setup, opened } = this.#around;
    const residence = residency.join({
      model: this.name,
      group: () => this.#options.group ?? null,
      pids: () => pool.stats().workers.flatMap(({ pid }) => pid ?? []),
      requests: () => host.requests,
      lastUsed: () => host.lastUsed,
      unload: () => void pool.unload("room").catch(() => {}),
    });
    const pool = openPool(poolOptionsOf(options), { ...setup, residence, isLazy });
    const host: Host = { pool, requests: 0, lastUsed: performance.now() };
    opened(pool);
    return host;
  }

  #count(host: Host, change: 1 | -1): void {
    host.requests += change;
    host.lastUsed = performance.now();
    this.#around.residency.look();
  }
}

async function closeWithin(pool: Pool, drainTimeout: number): Promise<void> {
  if (pool.state !== "closing") return await pool.close({ drainTimeout });
  const timer = setTimeout(() => void pool.destroy(), drainTimeout);
  await pool.close().finally(() => clearTimeout(timer));
}
