import { AggregatorRegistry } from "prom-client";
import type { Pool } from "../pool-types.ts";
import { engineFamilies } from "./engine-families.ts";
import type { Family } from "./family.ts";
import { ModelMetrics } from "./model-metrics.ts";
import { processMetrics } from "./process-metrics.ts";

export interface Metrics {
  /**
   * Counts what happens in a pool from now on. Pools of one name are one model: one and the one that replaces it.
   * @returns what ends it; a model's figures are gone when none of its pools is observed any more
   */
  observe(pool: Pool): () => void;
  /** Prometheus' text format 0.0.4. Asks the workers, too, and waits a second for them at most. */
  render(): Promise<string>;
}

export function createMetrics(): Metrics {
  const models = new Map<string, ModelMetrics>();
  const ofProcess = processMetrics();

  return {
    observe(pool) {
      const { name } = pool;
      const model = models.get(name) ?? new ModelMetrics(name);
      models.set(name, model);
      const forget = model.observe(pool);
      return () => {
        forget();
        if (model.pools.length === 0 && models.get(name) === model) models.delete(name);
      };
    },

    async render() {
      const families = await Promise.all([...models].map(([name, model]) => familiesOf(name, model)));
      // Made to add up what the processes of a cluster count; it also brings the series of all models under one head.
      const ofModels = await AggregatorRegistry.aggregate(families).metrics();
      return `${await ofProcess.metrics()}\n${ofModels}`;
    },
  };
}

async function familiesOf(name: string, model: ModelMetrics): Promise<object[]> {
  const engines = Promise.all(model.pools.map((pool) => enginesOf(name, pool)));
  await Promise.all(model.pools.map((pool) => pool.measure()));
  return [...(await model.families()), ...(await engines).flat()];
}

async function enginesOf(model: string, pool: Pool): Promise<Family[]> {
  const scrapes = await pool.scrape();
  return scrapes.flatMap(({ replica, text }) => engineFamilies(text, { model, worker: `${replica}` }));
}
