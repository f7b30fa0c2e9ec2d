import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { createPool } from "../../src/pool.ts";
import type { Pool, RequestEvent } from "../../src/pool-types.ts";
import { missingIn, readDashboard, renderedIn, targetsOf } from "../fixtures/dashboard.ts";
import { fakeEngine } from "../fixtures/fake-engine.ts";
import { samplesIn } from "../fixtures/prometheus-text.ts";
import { isState, newDir, removeDirs, replacementOf, until, workerEvent, zombies } from "./worker-kit.ts";

const pools: Pool[] = [];

async function created(options: PoolOptions, setup?: Parameters<typeof createPool>[1]): Promise<Pool> {
  const pool = await createPool({ threads: 1, slots: 4, context: 2048, name: "m", ...options }, setup);
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  expect(zombies()).toEqual([]);
});

afterAll(removeDirs);

const say = (content: string) => ({ messages: [{ role: "user" as const, content }], temperature: 0 });
const TEXT = "The quick brown fox jumps over the lazy dog.";

async function stream(pool: Pool, text: string): Promise<void> {
  for await (const _ of pool.chatStream(say(text)));
}

const hasPromtool = (await execa("promtool", ["--version"], { reject: false })).exitCode === 0;
if (!hasPromtool)
  process.stderr.write("promtool is not installed: what it says of /metrics is NOT CHECKED (.ci/run installs it)\n");
/** CI must not pass without it. */
const withPromtool = it.runIf(hasPromtool || process.env.CI !== undefined);

async function promtool(args: readonly string[], input = "") {
  const { exitCode, all } = await execa("promtool", args, { input, all: true, reject: false });
  return { exitCode, all };
}

describe("the metrics of two llama-server workers", () => {
  it("move as requests go through, and go with workers and models", async () => {
    const pool = await created({ workers: 2 });
    const metrics = createMetrics();
    const forget = metrics.observe(pool);
    const look = async () => samplesIn(await metrics.render());

    const before = await look();
    expect(before).toMatchObject({
      'corral_requests_total{model="m",outcome="answered"}': 0,
      'corral_worker_state{model="m",worker="0",state="ready"}': 1,
      'corral_worker_state{model="m",worker="1",state="ready"}': 1,
      'llamacpp_tokens_predicted_total{model="m",worker="0"}': 0,
      'llamacpp_tokens_predicted_total{model="m",worker="1"}': 0,
    });

    // Both workers at once, then each again: the second time the prompt is in a cache.
    await Promise.all([stream(pool, TEXT), stream(pool, TEXT)]);
    await Promise.all([stream(pool, TEXT), stream(pool, TEXT)]);
    await pool.chat(say(TEXT));
    const after = await look();
    const tokens = TEXT.length + 1;
    expect(after).toMatchObject({
      'corral_requests_total{model="m",outcome="answered"}': 5,
      'corral_queue_seconds_count{model="m"}': 5,
      'corral_request_seconds_count{model="m"}': 5,
      'corral_time_to_first_token_seconds_count{model="m"}': 5,
      'corral_tokens_total{model="m",kind="completion"}': 5 * tokens,
      'corral_requests_in_flight{model="m"}': 0,
    });
    const value = (name: string, of: Record<string, number> = after): number => of[name] ?? Number.NaN;
    // A piece of a stream is a token, but for a few at its end. The plain answer is streamed inside.
    expect(value('corral_time_between_tokens_seconds_count{model="m"}')).toBeGreaterThanOrEqual(5 * (tokens - 2));
    expect(value('corral_time_between_tokens_seconds_count{model="m"}')).toBeLessThanOrEqual(5 * (tokens + 3));
    expect(value('corral_tokens_total{model="m",kind="cached"}')).toBeGreaterThan(0);
    expect(value('corral_tokens_total{model="m",kind="prompt"}')).toBeGreaterThan(
      value('corral_tokens_total{model="m",kind="cached"}'),
    );
    const engines = [0, 1].map((worker) => value(`llamacpp_tokens_predicted_total{model="m",worker="${worker}"}`));
    expect(engines.reduce((sum, count) => sum + count)).toBe(5 * tokens);
    for (const count of engines) expect(count).toBeGreaterThan(0);
    for (const worker of [0, 1]) {
      const resident = value(`corral_worker_resident_memory_bytes{model="m",worker="${worker}"}`);
      const proportional = value(`corral_worker_proportional_memory_bytes{model="m",worker="${worker}"}`);
      expect(proportional).toBeGreaterThan(1e6);
      expect(resident).toBeGreaterThanOrEqual(proportional);
      expect(value(`corral_worker_cpu_seconds_total{model="m",worker="${worker}"}`)).toBeGreaterThan(0);
    }
    expect(pool.stats().recent).toMatchObject({ firstTokenMs: { p50: expect.any(Number), p95: expect.any(Number) } });
    expect(pool.stats().recent.tokensPerSecond).toBeGreaterThan(0);
    expect(JSON.stringify(pool.stats())).not.toMatch(/[\w-]{43}/);

    const { id = "", pid } = pool.stats().workers[1] ?? {};
    const whole = workerEvent(pool, replacementOf(id));
    process.kill(pid ?? 0, "SIGKILL");
    await whole;
    const restarted = await look();
    expect(value('corral_worker_restarts_total{model="m",worker="1",reason="killed"}', restarted)).toBe(1);
    expect(value('corral_worker_restarts_total{model="m",worker="0",reason="killed"}', restarted)).toBe(0);
    expect(value('corral_worker_answered_total{model="m",worker="1"}', restarted)).toBe(0);

    await pool.scale(1);
    const scaled = await look();
    expect(value('corral_scale_events_total{model="m",reason="asked"}', scaled)).toBe(1);
    expect(Object.keys(scaled).filter((name) => name.includes('worker="1"'))).toEqual([]);
    expect(Object.keys(scaled).some((name) => name.includes('worker="0"'))).toBe(true);

    forget();
    expect(await metrics.render()).not.toContain('model="m"');
  });

  const messages = say(TEXT).messages;
  it.each([
    ["/v1/chat/completions", { messages }],
    ["/v1/completions", { prompt: "a", max_tokens: 20 }],
    ["/v1/messages", { messages, max_tokens: 100 }],
    ["/v1/responses", { input: TEXT }],
  ])("find the tokens of a stream of %s, and of an answer that is none", async (path, body) => {
    const pool = await created({ workers: 1 });
    const factsOf = async (stream: boolean): Promise<RequestEvent> => {
      const isOver = once(pool, "request");
      await (await pool.request({ path, body: { ...body, model: "m", temperature: 0, stream } })).text();
      const [facts] = await isOver;
      return facts;
    };
    const [streamed, whole] = [await factsOf(true), await factsOf(false)];
    const tokens = whole.tokens?.completion ?? 0;
    expect(tokens).toBeGreaterThan(10);
    expect(streamed.firstTokenMs).toBeGreaterThanOrEqual(streamed.firstByteMs ?? Number.NaN);
    expect(streamed.firstTokenMs).toBeLessThan(streamed.totalMs);
    // A stream has some events before its first token, which don't count, and after its last.
    expect(streamed.gaps?.count).toBeGreaterThanOrEqual(tokens - 2);
    expect(streamed.gaps?.count).toBeLessThanOrEqual(tokens + 6);
    if (whole.assembled) expect(whole.gaps?.count).toBeGreaterThanOrEqual(tokens - 2);
    else expect(whole).toMatchObject({ gaps: null, firstTokenMs: whole.firstByteMs });
    expect(whole.assembled).toBe(path === "/v1/chat/completions" || path === "/v1/completions");
    expect(whole.tokens?.cached).toBeLessThan(whole.tokens?.prompt ?? Number.NaN);
  });

  it("have all that the dashboard asks for", async () => {
    const pool = await created({ workers: 1 });
    const metrics = createMetrics();
    metrics.observe(pool);
    await stream(pool, TEXT);
    const found = renderedIn(await metrics.render());
    for (const { expr, legendFormat } of targetsOf(readDashboard())) {
      expect([expr, ...missingIn(expr, legendFormat, found)]).toEqual([expr]);
    }
  });

  withPromtool("are clean to `promtool check metrics`", async () => {
    const pool = await created({ workers: 2 });
    const metrics = createMetrics();
    metrics.observe(pool);
    await stream(pool, TEXT);
    expect(await promtool(["check", "metrics"], await metrics.render())).toEqual({ exitCode: 0, all: "" });
    const bad = "# HELP a:b Bad\n# TYPE a:b counter\na:b 1\n";
    expect((await promtool(["check", "metrics"], bad)).exitCode).toBe(3);
  });

  withPromtool("are asked for by the dashboard in Prometheus' own language", async () => {
    const rules = targetsOf(readDashboard()).map(({ expr }, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll("$__rate_interval", "5m").replaceAll("$model", ".*"),
    }));
    // Its YAML is JSON as well.
    const file = join(newDir(), "rules.json");
    writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
    const checked = await promtool(["check", "rules", file]);
    expect(checked.all).toContain(`${rules.length} rules found`);
    expect(checked.exitCode).toBe(0);
  });
});

describe("a worker that does not tell its figures", () => {
  it("is left out, and nobody else", async () => {
    const silent = fakeEngine(({ worker }) => ({ hang: worker.replica === 0 ? "metrics" : null }));
    const pool = await created({ workers: 2, probeInterval: 60_000 }, { engine: silent });
    const metrics = createMetrics();
    metrics.observe(pool);
    const text = await metrics.render();
    expect(text).toContain('llamacpp_n_decode_total{model="m",worker="1"}');
    expect(text).not.toContain('llamacpp_n_decode_total{model="m",worker="0"}');
    expect(text).toContain('corral_worker_state{model="m",worker="0",state="ready"} 1');
  });

  it("does so while it starts, and tells its state", async () => {
    const slow = fakeEngine(({ worker }) => ({ loadMs: worker.replica === 1 ? "forever" : 0 }));
    const pool = await created({ workers: 1 }, { engine: slow });
    const metrics = createMetrics();
    metrics.observe(pool);
    const starting = workerEvent(pool, isState("starting", 1));
    const scaling = pool.scale(2).catch(() => {});
    await starting;
    await until(() => pool.stats().workers.length === 2);
    const text = await metrics.render();
    expect(text).toContain('corral_worker_state{model="m",worker="1",state="starting"} 1');
    expect(text).not.toMatch(/^llamacpp_.*worker="1"/m);
    await pool.destroy();
    await scaling;
  });
});
