import { expect, it } from "vitest";
import type { Family } from "../../src/metrics/family.ts";
import { Restarts } from "../../src/metrics/restarts.ts";
import { modelSnapshot, workerSnapshot } from "../../src/metrics/snapshot.ts";
import type { WorkerStats } from "../../src/pool-types.ts";

const worker: WorkerStats = {
  id: "m#0.3",
  replica: 0,
  pid: 10,
  state: "ready",
  cpus: [0, 1],
  restarts: 3,
  lastFailure: null,
  admitted: true,
  slots: 4,
  inFlight: 2,
  served: 9,
  footprint: { at: 0, cpuSeconds: 12.5, rss: 300, pss: 200 },
};

const found = (families: readonly Family[], name: string) =>
  families.find((family) => family.name === name)?.values.map(({ labels, value }) => [labels, value]);

it("a worker is named by its number, whatever start of it this is", () => {
  const other: WorkerStats = { ...worker, id: "m#1.0", replica: 1, pid: 11, state: "starting", footprint: null };
  const families = workerSnapshot("m", [worker, other], new Restarts());
  expect(found(families, "corral_worker_state")).toEqual([
    [{ model: "m", worker: "0", state: "ready" }, 1],
    [{ model: "m", worker: "1", state: "starting" }, 1],
  ]);
  expect(found(families, "corral_worker_cpu_seconds_total")).toEqual([[{ model: "m", worker: "0" }, 12.5]]);
  expect(found(families, "corral_worker_proportional_memory_bytes")).toEqual([[{ model: "m", worker: "0" }, 200]]);
});

it("a figure that the system does not tell is left out, and a zero is not", () => {
  const unknown = { ...worker, inFlight: 0, footprint: { at: 0, cpuSeconds: 0, rss: null, pss: null } };
  const families = workerSnapshot("m", [unknown], new Restarts());
  expect(found(families, "corral_worker_resident_memory_bytes")).toEqual([]);
  expect(found(families, "corral_worker_cpu_seconds_total")).toEqual([[{ model: "m", worker: "0" }, 0]]);
  expect(found(families, "corral_worker_requests_in_flight")).toEqual([[{ model: "m", worker: "0" }, 0]]);
});

it("pools of one model add up", () => {
  const queue = { queued: 1, queueLimit: 16, suspects: 3, culprits: 2 };
  const pool = { isReady: true, workers: [worker], slots: { total: 4, busy: 2 }, ...queue };
  const families = modelSnapshot("m", [pool, { ...pool, isReady: false }]);
  expect(found(families, "corral_slots")).toEqual([[{ model: "m" }, 8]]);
  expect(found(families, "corral_requests_suspected")).toEqual([[{ model: "m" }, 6]]);
  expect(found(families, "corral_requests_guilty_total")).toEqual([[{ model: "m" }, 4]]);
  expect(found(families, "corral_pool_ready")).toEqual([[{ model: "m" }, 1]]);
  expect(found(families, "corral_workers")).toContainEqual([{ model: "m", state: "ready" }, 2]);
  expect(found(families, "corral_workers")).toContainEqual([{ model: "m", state: "failed" }, 0]);
});
