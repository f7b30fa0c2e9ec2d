import { Counter, collectDefaultMetrics, Registry } from "prom-client";

/** Gauges that are named like counters, which `promtool check metrics` refuses; the same is told by type beside them. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/** Of a monitor that wakes the process a hundred times a second, which is dear for one that has nothing to do. */
const MONITORED = ["min", "max", "mean", "stddev", "p50", "p90", "p99"].map(
  (of) => `nodejs_eventloop_lag_${of}_seconds`,
);
/** Milliseconds between two looks of that monitor, which can't be left out. */
const NEVER = 2 ** 31 - 1;

/** CPU, memory, files, garbage collection and the event loop of this process, mostly under the names that all Node uses. */
export function processMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER });
  for (const name of [...MISNAMED, ...MONITORED]) registry.removeSingleMetric(name);
  new Counter({
    name: "corral_event_loop_active_seconds_total",
    help: "Time that the gateway's event loop was busy: near one second a second it holds up every stream.",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(performance.eventLoopUtilization().active / 1000);
    },
  });
  return registry;
}
