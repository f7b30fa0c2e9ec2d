import { afterEach, expect, test } from "vitest";
import type { LogLine, Pool, PoolOptions, WorkerEvent } from "../../src/index.ts";
import { openPool } from "../../src/pool.ts";
import { fakeEngine } from "../fixtures/fake-engine.ts";
import { isState, replacementOf, workerEvent } from "./worker-kit.ts";

const pools: Pool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.destroy())));

function opened(
  options: PoolOptions,
  ...setup: Parameters<typeof openPool> extends [unknown?, ...infer S] ? S : never
) {
  const pool = openPool({ workers: 1, threads: 1, probeInterval: 50, ...options }, ...setup);
  pools.push(pool);
  return pool;
}

async function all(lines: AsyncIterable<LogLine>): Promise<LogLine[]> {
  const found: LogLine[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

test("llama-server's lines hold neither its key nor a prompt nor an answer", async () => {
  const pool = opened({ slots: 1 });
  const keys: string[] = [];
  pool.on("worker", ({ endpoint }: WorkerEvent) => keys.push(...(endpoint === null ? [] : [endpoint.key])));
  await pool.ready();
  const secret = "Zebra-4711-crossing";
  const answer = await pool.chat({ messages: [{ role: "user", content: secret }] });
  expect(answer.choices[0]?.message.content).toBe(secret);
  const text = (await all(pool.logs())).map((line) => line.text).join("\n");
  expect(text).toMatch(/listening/);
  expect(text).not.toContain(secret);
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) expect(text).not.toContain(key);
});

test("what a worker wrote outlives it, and a follower hears its successor and ends with the pool", async () => {
  const pool = opened({}, { engine: fakeEngine({ floodLine: 20 }) });
  await pool.ready();
  const [{ id, pid } = { id: "", pid: null }] = pool.stats().workers;
  const heard: LogLine[] = [];
  const following = (async () => {
    for await (const line of pool.logs({ follow: true })) heard.push(line);
  })();
  const [dead, back] = [workerEvent(pool, isState("failed")), workerEvent(pool, replacementOf(id))];
  process.kill(pid!, "SIGKILL");
  await Promise.all([dead, back]);
  await pool.close();
  await following;
  const writers = new Set(heard.map(({ worker }) => worker));
  expect([...writers]).toEqual(["echo#0.0", "echo#0.1"]);
  expect(new Set((await all(pool.logs({ worker: 0 }))).map(({ worker }) => worker))).toEqual(writers);
  expect(await all(pool.logs({ lines: 1 }))).toHaveLength(1);
});
