import type { PoolStats, WorkerStats } from "../pool-types.ts";
import { counter, type Family, gauge, type Sample } from "./family.ts";
import type { Restarts } from "./restarts.ts";

export interface PoolNow
  extends Pick<PoolStats, "workers" | "slots" | "queued" | "queueLimit" | "suspects" | "culprits"> {
  readonly isReady: boolean;
}

const STATES: readonly WorkerStats["state"][] = ["starting", "ready", "trial", "draining", "stopped", "failed"];

/** What is true of a model at the moment of a scrape. Pure. */
export function modelSnapshot(model: string, pools: readonly PoolNow[]): Family[] {
  const total = (read: (pool: PoolNow) => number): Sample[] => [
    { labels: { model }, value: pools.reduce((sum, pool) => sum + read(pool), 0) },
  ];
  const ready = pools.some(({ isReady }) => isReady) ? 1 : 0;
  const states = pools.flatMap(({ workers }) => workers.map(({ state }) => state));
  return [
    gauge("corral_pool_ready", "Whether a worker would take a request: 1 or 0.", [{ labels: { model }, value: ready }]),
    gauge(
      "corral_queue_waiting",
      "Requests that wait for a slot.",
      total(({ queued }) => queued),
    ),
    gauge(
      "corral_queue_limit",
      "Requests that may wait for a slot.",
      total(({ queueLimit }) => queueLimit),
    ),
    gauge(
      "corral_requests_suspected",
      "Requests that may have killed a worker, until they are answered or found guilty.",
      total(({ suspects }) => suspects),
    ),
    counter(
      "corral_requests_guilty_total",
      "Requests that have killed a worker which served nobody else, and are refused since.",
      total(({ culprits }) => culprits),
    ),
    gauge(
      "corral_requests_in_flight",
      "Requests that a worker is at.",
      total(({ slots }) => slots.busy),
    ),
    gauge(
      "corral_slots",
      "Requests that the live workers can be at together.",
      total(({ slots }) => slots.total),
    ),
    gauge(
      "corral_workers",
      "Workers by state.",
      STATES.map((state) => ({ labels: { model, state }, value: states.filter((each) => each === state).length })),
    ),
  ];
}

/**
 * Figures of each worker, by its number in the plan: starts of it come and go, and there are only so many numbers. A
 * worker that is gone has none. Pure.
 */
export function workerSnapshot(model: string, workers: readonly WorkerStats[], restarts: Restarts): Family[] {
  const labelsOf = ({ replica }: WorkerStats) => ({ model, worker: `${replica}` });
  const each = (read: (worker: WorkerStats) => number | null | undefined): Sample[] =>
    workers.flatMap((worker) => {
      const value = read(worker) ?? null;
      return value === null ? [] : [{ labels: labelsOf(worker), value }];
    });
  return [
    gauge(
      "corral_worker_state",
      "1 for the state that the worker is in.",
      workers.map((worker) => ({ labels: { ...labelsOf(worker), state: worker.state }, value: 1 })),
    ),
    gauge(
      "corral_worker_slots",
      "Requests that the worker can be at.",
      each(({ slots }) => slots),
    ),
    gauge(
      "corral_worker_requests_in_flight",
      "Requests that the worker is at.",
      each(({ inFlight }) => inFlight),
    ),
    counter(
      "corral_worker_answered_total",
      "Requests that the worker's process answered in full.",
      each(({ served }) => served),
    ),
    counter(
      "corral_worker_restarts_total",
      "Starts of the worker after its first, by why the one before had ended.",
      workers.flatMap((worker) =>
        [...restarts.of(worker.replica)].map(([reason, value]) => ({ labels: { ...labelsOf(worker), reason }, value })),
      ),
    ),
    counter(
      "corral_worker_cpu_seconds_total",
      "CPU time of the worker's process, user and system.",
      each(({ footprint }) => footprint?.cpuSeconds),
    ),
    gauge(
      "corral_worker_resident_memory_bytes",
      "Memory of the worker's process, what it shares with others (the model's file) included.",
      each(({ footprint }) => footprint?.rss),
    ),
    gauge(
      "corral_worker_proportional_memory_bytes",
      "Memory of the worker's process, of what it shares its share: these add up to what is used.",
      each(({ footprint }) => footprint?.pss),
    ),
  ];
}
