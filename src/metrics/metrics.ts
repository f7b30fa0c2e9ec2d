import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Pool, RequestEvent, WorkerEvent } from "../pool-types.ts";

export interface Metrics {
  /** Counts what happens in a pool from now on. */
  observe(pool: Pool): void;
  /** Prometheus' text format 0.0.4. */
  render(): Promise<string>;
}

/** Seconds: from a cached prompt's first byte to a long answer on a slow CPU. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600];

/** All are there from the start, so that a graph has zeros and not gaps. */
const OUTCOMES: readonly RequestEvent["outcome"][] = ["answered", "aborted", "lost", "refused"];
const STATES: readonly WorkerEvent["state"]["name"][] = ["starting", "ready", "draining", "stopped", "failed"];

/** Base units, labels with few values: a model's name, an outcome, a state, a reason. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const pools: Pool[] = [];

  const requests = new Counter({
    name: "corral_requests_total",
    help: "Requests that are over, by outcome: answered (whatever the status), aborted by the client, lost with a worker, refused before one.",
    labelNames: ["model", "outcome"],
    registers,
  });
  const duration = new Histogram({
    name: "corral_request_seconds",
    help: "Time from a checked request to the last byte of its answer, of answered ones.",
    labelNames: ["model"],
    buckets: BUCKETS,
    registers,
  });
  const firstByte = new Histogram({
    name: "corral_time_to_first_byte_seconds",
    help: "Time from a checked request to the first byte of its answer's body, waiting for a slot included.",
    labelNames: ["model"],
    buckets: BUCKETS,
    registers,
  });
  const queued = new Histogram({
    name: "corral_queue_seconds",
    help: "Time that requests waited for a slot.",
    labelNames: ["model"],
    buckets: BUCKETS,
    registers,
  });
  const tokens = new Counter({
    name: "corral_tokens_total",
    help: "Tokens as the engine counted them in its answers, by kind: prompt (cached ones included) or completion.",
    labelNames: ["model", "kind"],
    registers,
  });
  const restarts = new Counter({
    name: "corral_worker_restarts_total",
    help: "Starts of workers after the first, by why the one before had ended.",
    labelNames: ["model", "reason"],
    registers,
  });
  snapshotGauges(registry, pools);

  return {
    observe(pool) {
      pools.push(pool);
      const model = pool.name;
      for (const outcome of OUTCOMES) requests.inc({ model, outcome }, 0);
      for (const kind of ["prompt", "completion"]) tokens.inc({ model, kind }, 0);
      pool.on("request", (event) => {
        requests.inc({ model, outcome: event.outcome });
        queued.observe({ model }, event.queuedMs / 1000);
        if (event.firstByteMs !== null) firstByte.observe({ model }, event.firstByteMs / 1000);
        if (event.outcome === "answered") duration.observe({ model }, event.totalMs / 1000);
        tokens.inc({ model, kind: "prompt" }, event.tokens?.prompt ?? 0);
        tokens.inc({ model, kind: "completion" }, event.tokens?.completion ?? 0);
      });
      pool.on(
        "worker",
        restartCounter((reason) => restarts.inc({ model, reason })),
      );
    },
    render: () => registry.metrics(),
  };
}

/** What is true at the moment of a scrape, read from the pools then. */
function snapshotGauges(registry: Registry, pools: readonly Pool[]): void {
  gauge("corral_pool_ready", "Whether a worker would take a request: 1 or 0.", (pool) => (pool.isReady ? 1 : 0));
  gauge("corral_queue_waiting", "Requests that wait for a slot.", (pool) => pool.stats().queued);
  gauge("corral_requests_in_flight", "Requests that a worker is at.", (pool) => pool.stats().slots.busy);
  gauge("corral_slots", "Requests that the live workers can be at together.", (pool) => pool.stats().slots.total);
  new Gauge({
    name: "corral_workers",
    help: "Workers by state.",
    labelNames: ["model", "state"],
    registers: [registry],
    collect() {
      for (const pool of pools) {
        const { workers } = pool.stats();
        for (const state of STATES) {
          this.set({ model: pool.name, state }, workers.filter((worker) => worker.state === state).length);
        }
      }
    },
  });

  function gauge(name: string, help: string, read: (pool: Pool) => number): void {
    new Gauge({
      name,
      help,
      labelNames: ["model"],
      registers: [registry],
      collect() {
        for (const pool of pools) this.set({ model: pool.name }, read(pool));
      },
    });
  }
}

/** Each start of a replica after its first counts once, with the reason of the failure before it. */
function restartCounter(count: (reason: string) => void): (event: WorkerEvent) => void {
  const reasons = new Map<number, string>();
  const counted = new Map<number, string>();
  return ({ replica, start, id, state }) => {
    if (state.name === "failed") reasons.set(replica, state.failure.reason);
    if (state.name !== "starting" || start === 0 || counted.get(replica) === id) return;
    counted.set(replica, id);
    count(reasons.get(replica) ?? "planned");
    reasons.delete(replica);
  };
}
