import { collectDefaultMetrics, Registry } from "prom-client";

/** Gauges that are named like counters, which `promtool check metrics` refuses; the same is told by type beside them. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/** CPU, memory, files, garbage collection and the event loop of this process, under the names that all Node uses. */
export function processMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return registry;
}
