import { expect, test } from "vitest";
import { createMetrics } from "../../src/metrics/metrics.ts";
import type { RequestEvent, WorkerEvent } from "../../src/pool-types.ts";
import { stubPool } from "../fixtures/stub-pool.ts";

const request: RequestEvent = {
  pool: "m",
  method: "POST",
  path: "/v1/chat/completions",
  outcome: "answered",
  upstream: "m#0.0",
  attempts: 1,
  status: 200,
  bytes: 10,
  queuedMs: 30,
  firstByteMs: 300,
  totalMs: 3_000,
  tokens: { prompt: 5, completion: 7 },
  error: null,
};

const worker = (start: number, state: WorkerEvent["state"]): WorkerEvent => ({
  replica: 0,
  start,
  id: `m#0.${start}`,
  pid: null,
  state,
  endpoint: null,
});
const failed = (reason: "killed" | "crashed"): WorkerEvent["state"] => ({
  name: "failed",
  since: 0,
  failure: {
    reason,
    wasReady: true,
    message: "",
    pid: 1,
    exitCode: null,
    signal: "SIGKILL",
    outOfMemory: false,
    tail: [],
  },
});
const starting: WorkerEvent["state"] = { name: "starting", since: 0, pid: null };

async function samples(render: () => Promise<string>): Promise<Record<string, number>> {
  const lines = (await render()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );
}

test("requests, by outcome, with their times in seconds", async () => {
  const metrics = createMetrics();
  const pool = stubPool({ name: "m" });
  metrics.observe(pool);
  pool.emit("request", request);
  pool.emit("request", { ...request, outcome: "refused", firstByteMs: null, tokens: null });
  expect(await samples(metrics.render)).toMatchObject({
    'corral_requests_total{model="m",outcome="answered"}': 1,
    'corral_requests_total{model="m",outcome="refused"}': 1,
    'corral_requests_total{model="m",outcome="lost"}': 0,
    'corral_request_seconds_sum{model="m"}': 3,
    'corral_request_seconds_count{model="m"}': 1,
    'corral_time_to_first_byte_seconds_bucket{le="0.25",model="m"}': 0,
    'corral_time_to_first_byte_seconds_bucket{le="0.5",model="m"}': 1,
    'corral_queue_seconds_count{model="m"}': 2,
    'corral_tokens_total{model="m",kind="prompt"}': 5,
    'corral_tokens_total{model="m",kind="completion"}': 7,
  });
});

test("what is true now is read at the scrape", async () => {
  const metrics = createMetrics();
  const pool = stubPool({ name: "m" });
  metrics.observe(pool);
  expect(await samples(metrics.render)).toMatchObject({
    'corral_pool_ready{model="m"}': 1,
    'corral_queue_waiting{model="m"}': 0,
    'corral_slots{model="m"}': 1,
    'corral_workers{model="m",state="ready"}': 0,
  });
  pool.state = "failed";
  expect(await samples(metrics.render)).toMatchObject({ 'corral_pool_ready{model="m"}': 0 });
});

test("a restart counts once, with why the worker before it ended", async () => {
  const metrics = createMetrics();
  const pool = stubPool({ name: "m" });
  metrics.observe(pool);
  pool.emit("worker", worker(0, starting));
  pool.emit("worker", worker(0, failed("killed")));
  pool.emit("worker", worker(1, starting));
  pool.emit("worker", worker(1, { ...starting, pid: 5 } as WorkerEvent["state"]));
  pool.emit("worker", worker(1, failed("crashed")));
  pool.emit("worker", worker(2, starting));
  pool.emit("worker", worker(3, starting));
  const found = await samples(metrics.render);
  expect(Object.entries(found).filter(([name]) => name.startsWith("corral_worker_restarts"))).toEqual([
    ['corral_worker_restarts_total{model="m",reason="killed"}', 1],
    ['corral_worker_restarts_total{model="m",reason="crashed"}', 1],
    ['corral_worker_restarts_total{model="m",reason="planned"}', 1],
  ]);
});

test("every metric has a help, our prefix and a base unit, and two registries don't meet", async () => {
  const [one, two] = [createMetrics(), createMetrics()];
  const text = await one.render();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => ({ name, type }));
  expect(types.length).toBeGreaterThanOrEqual(11);
  for (const { name, type } of types) {
    expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.{15,}$`, "m"));
    expect(name).toMatch(/^corral_/);
    if (type === "counter") expect(name).toMatch(/_total$/);
    if (type === "histogram") expect(name).toMatch(/_seconds$/);
  }
  expect(await two.render()).toBe(text);
});
