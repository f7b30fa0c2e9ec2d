import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createMetrics } from "../../src/metrics/metrics.ts";
import type { RequestEvent, WorkerEvent, WorkerStats } from "../../src/pool-types.ts";
import { samplesIn } from "../fixtures/prometheus-text.ts";
import { stubPool } from "../fixtures/stub-pool.ts";

const request: RequestEvent = {
  pool: "m",
  method: "POST",
  path: "/v1/chat/completions",
  outcome: "answered",
  upstream: "m#0.0",
  attempts: 1,
  continued: 2,
  assembled: false,
  status: 200,
  bytes: 10,
  queuedMs: 30,
  firstByteMs: 250,
  firstTokenMs: 300,
  gaps: { count: 3, sum: 120, longest: 90, bounds: [10, 100], counts: [1, 2, 0] },
  totalMs: 3_000,
  tokens: { prompt: 5, cached: 2, completion: 7 },
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
const failed = (reason: "killed" | "could-not-start"): WorkerEvent["state"] => ({
  name: "failed",
  since: 0,
  failure: {
    reason,
    wasReady: true,
    requests: 0,
    message: "",
    pid: 1,
    exitCode: null,
    signal: "SIGKILL",
    outOfMemory: false,
    tail: [],
  },
});
const workerStats: WorkerStats = {
  id: "m#0.0",
  replica: 0,
  pid: 1,
  state: "ready",
  cpus: [0],
  restarts: 0,
  lastFailure: null,
  admitted: true,
  slots: 1,
  inFlight: 0,
  served: 0,
  footprint: null,
};
const starting: WorkerEvent["state"] = { name: "starting", since: 0, pid: null };

const samples = async (render: () => Promise<string>) => samplesIn(await render());

test("requests, by outcome, with their times in seconds", async () => {
  const metrics = createMetrics();
  const pool = stubPool({ name: "m" });
  metrics.observe(pool);
  pool.emit("request", request);
  const none = { firstByteMs: null, firstTokenMs: null, gaps: null, tokens: null };
  pool.emit("request", { ...request, outcome: "refused", ...none });
  expect(await samples(metrics.render)).toMatchObject({
    'corral_requests_total{model="m",outcome="answered"}': 1,
    'corral_requests_total{model="m",outcome="refused"}': 1,
    'corral_requests_total{model="m",outcome="lost"}': 0,
    'corral_request_seconds_sum{model="m"}': 3,
    'corral_request_seconds_count{model="m"}': 1,
    'corral_time_to_first_token_seconds_bucket{le="0.25",model="m"}': 0,
    'corral_time_to_first_token_seconds_bucket{le="0.5",model="m"}': 1,
    'corral_time_to_first_token_seconds_count{model="m"}': 1,
    'corral_queue_seconds_count{model="m"}': 2,
    'corral_tokens_total{model="m",kind="prompt"}': 5,
    'corral_tokens_total{model="m",kind="cached"}': 2,
    'corral_tokens_total{model="m",kind="completion"}': 7,
    'corral_continuations_total{model="m"}': 4,
  });
});

test("pauses between tokens arrive counted, and buckets hold all below them", async () => {
  const metrics = createMetrics();
  const pool = stubPool({ name: "m" });
  metrics.observe(pool);
  pool.emit("request", request);
  pool.emit("request", {
    ...request,
    gaps: { count: 1, sum: 500, longest: 500, bounds: [10, 100], counts: [0, 0, 1] },
  });
  expect(await samples(metrics.render)).toMatchObject({
    'corral_time_between_tokens_seconds_bucket{le="0.01",model="m"}': 1,
    'corral_time_between_tokens_seconds_bucket{le="0.1",model="m"}': 3,
    'corral_time_between_tokens_seconds_bucket{le="+Inf",model="m"}': 4,
    'corral_time_between_tokens_seconds_count{model="m"}': 4,
    'corral_time_between_tokens_seconds_sum{model="m"}': 0.62,
  });
});

test("changes of the number of workers, by reason", async () => {
  const metrics = createMetrics();
  const pool = stubPool({ name: "m" });
  metrics.observe(pool);
  pool.emit("scaled", { from: 1, to: 2, why: "queue" });
  expect(await samples(metrics.render)).toMatchObject({
    'corral_scale_events_total{model="m",reason="queue"}': 1,
    'corral_scale_events_total{model="m",reason="idle"}': 0,
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
  const pool = stubPool({ name: "m", workers: [workerStats] });
  metrics.observe(pool);
  pool.emit("worker", worker(0, starting));
  pool.emit("worker", worker(0, failed("killed")));
  pool.emit("worker", worker(1, starting));
  pool.emit("worker", worker(1, { ...starting, pid: 5 } as WorkerEvent["state"]));
  pool.emit("worker", worker(1, failed("could-not-start")));
  pool.emit("worker", worker(2, starting));
  pool.emit("worker", worker(3, starting));
  const found = await samples(metrics.render);
  expect(found).toMatchObject({
    'corral_worker_restarts_total{model="m",worker="0",reason="killed"}': 1,
    'corral_worker_restarts_total{model="m",worker="0",reason="could-not-start"}': 1,
    'corral_worker_restarts_total{model="m",worker="0",reason="planned"}': 1,
    'corral_worker_restarts_total{model="m",worker="0",reason="wedged"}': 0,
  });
});

test("what engines count stands under one head, by model and worker, as long as they answer", async () => {
  const metrics = createMetrics();
  const text =
    "# HELP llamacpp:n_decode_total Calls\n# TYPE llamacpp:n_decode_total counter\nllamacpp:n_decode_total 3\n";
  const engines = [0, 1].map((replica) => ({ replica, text }));
  const pools = ["m", "n"].map((name) => stubPool({ name, engines }));
  for (const pool of pools) metrics.observe(pool);
  const all = await metrics.render();
  expect(all.match(/^# (HELP|TYPE) llamacpp_n_decode_total .*$/gm)).toEqual([
    "# HELP llamacpp_n_decode_total Calls",
    "# TYPE llamacpp_n_decode_total counter",
  ]);
  expect(all.match(/^llamacpp_n_decode_total\{model="(m|n)",worker="[01]"\} 3$/gm)).toHaveLength(4);
  for (const pool of pools) pool.engines = engines.slice(0, 1);
  expect((await metrics.render()).match(/^llamacpp_n_decode_total\{.*$/gm)).toHaveLength(2);
});

test("a model's figures are gone when none of its pools is observed any more, and go on where one is replaced", async () => {
  const metrics = createMetrics();
  const [old, other] = [stubPool({ name: "m", workers: [workerStats] }), stubPool({ name: "n" })];
  const forget = metrics.observe(old);
  metrics.observe(other);
  old.emit("request", request);
  const successor = stubPool({ name: "m" });
  const forgetSuccessor = metrics.observe(successor);
  forget();
  old.emit("request", request);
  successor.emit("request", request);
  expect(await samples(metrics.render)).toMatchObject({ 'corral_requests_total{model="m",outcome="answered"}': 2 });
  forgetSuccessor();
  const text = await metrics.render();
  expect(text).not.toContain('model="m"');
  expect(text).toContain('corral_requests_total{model="n",outcome="answered"} 0');
  expect([old.listenerCount("request"), successor.listenerCount("worker")]).toEqual([0, 0]);
});

test("every metric has a help, our prefix and a base unit, and two registries don't meet", async () => {
  const [one, two] = [createMetrics(), createMetrics()];
  const pool = stubPool({ name: "m", workers: [workerStats] });
  one.observe(pool);
  const text = await one.render();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type]) => ({ name, type }));
  const own = types.filter(({ name }) => name.startsWith("corral_"));
  expect(own.length).toBeGreaterThanOrEqual(20);
  for (const { name, type } of types) {
    expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.{10,}$`, "m"));
    expect(name).toMatch(/^(corral|nodejs|process)_/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    if (type === "histogram") expect(name).toMatch(/_seconds$/);
  }
  expect(await two.render()).not.toMatch(/corral_(?!event_loop_)/);
});

test("docs/metrics.md names every metric of ours, and none that there is not", async () => {
  const metrics = createMetrics();
  metrics.observe(stubPool({ name: "m", workers: [workerStats] }));
  const text = await metrics.render();
  const rendered = [...text.matchAll(/^# TYPE (corral_\w+)/gm)].map(([, name]) => name);
  const page = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
  const named = page.match(/`corral_\w+`/g)?.map((name) => name.slice(1, -1));
  expect(new Set(named)).toEqual(new Set(rendered));
});
