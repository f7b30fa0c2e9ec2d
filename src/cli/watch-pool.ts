import type { Logger } from "pino";
import { formatCpuList, type Pool } from "../index.ts";

/** Tells in the log what a pool decides, and what happens to its workers. */
export function watchPool(pool: Pool, log: Logger): void {
  pool.once("planned", ({ engine }) => {
    log.info({ model: pool.name, engine: engine.name, why: engine.why }, "engine chosen");
  });
  pool.on("planned", ({ workers, slots, context, warnings }) => {
    const shape = workers.map(({ cpus, threads }) => ({ threads, cpus: formatCpuList(cpus) }));
    log.info({ model: pool.name, workers: shape, slots, context }, "planned");
    for (const warning of warnings) log.warn({ model: pool.name }, warning);
  });
  pool.on("scaled", ({ from, to, why }) => log.info({ model: pool.name, from, to, why }, `workers: ${from} -> ${to}`));
  pool.on("worker", ({ id, pid, state }) => {
    switch (state.name) {
      case "ready":
        return log.info({ worker: id, pid }, state.suspect ? "worker is suspect" : "worker is ready");
      case "failed": {
        const { reason, message, exitCode, signal, tail } = state.failure;
        log.warn({ worker: id, reason, exitCode, signal }, message);
        return log.debug({ worker: id, tail }, "last lines of the worker");
      }
      default:
        return log.debug({ worker: id, pid }, `worker is ${state.name}`);
    }
  });
  pool.on("warning", (sentence) => log.warn({ model: pool.name }, sentence));
  pool.on("failed", ({ reason, message }) => log.error({ model: pool.name, reason }, message));
  pool.on("recovered", () => log.info({ model: pool.name }, "model serves again"));
}
