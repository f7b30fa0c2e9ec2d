import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import { readinessOf } from "../../src/gateway/health.ts";
import type { Pool, ScaleEvent } from "../../src/index.ts";
import { openPool } from "../../src/pool.ts";
import { fakeEngine } from "../fixtures/fake-engine.ts";
import { isState, until, workerEvent, zombies } from "./worker-kit.ts";

const QUICK = { probeInterval: 50, probeTimeout: 500, drainTimeout: 10_000, killTimeout: 1_000, threads: 1 } as const;

const pools: Pool[] = [];

function opened(options: PoolOptions, behaviour: Parameters<typeof fakeEngine>[0] = {}): Pool {
  const pool = openPool({ slots: 2, ...QUICK, ...options }, { engine: fakeEngine(behaviour) });
  pools.push(pool);
  return pool;
}

async function created(options: PoolOptions, behaviour: Parameters<typeof fakeEngine>[0] = {}): Promise<Pool> {
  const pool = opened(options, behaviour);
  await pool.ready();
  return pool;
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  expect(zombies()).toEqual([]);
});

async function chat(pool: Pool, content: string): Promise<string> {
  const answer = await pool.chat({ messages: [{ role: "user", content }] });
  return answer.choices[0]?.message.content ?? "";
}

/** Resolves with the next change of the number of workers to `to`. */
function scaledTo(pool: Pool, to: number): Promise<ScaleEvent> {
  return new Promise((resolve) => {
    pool.on("scaled", (event) => {
      if (event.to === to) resolve(event);
    });
  });
}

const running = (pool: Pool): number => pool.stats().workers.length;

describe("a pool without requests", () => {
  it("ends its workers after idleTimeout, and the requests that wake it wait and are answered", async () => {
    const pool = await created({ workers: 1, idleTimeout: 100 }, { loadMs: 300 });
    expect(pool.state).toBe("ready");
    await scaledTo(pool, 0);
    await until(() => running(pool) === 0);
    expect([pool.state, pool.isReady, pool.stats().state]).toEqual(["idle", true, "idle"]);
    expect(readinessOf([pool], false)).toMatchObject({ isReady: true, state: "ready", models: { echo: "idle" } });
    expect(pool.plan?.workers.length).toBe(1);

    const events: ScaleEvent[] = [];
    pool.on("scaled", (event) => events.push(event));
    const texts = Array.from({ length: 8 }, (_, n) => `wake ${n}`);
    const answers = Promise.all(texts.map((text) => chat(pool, text)));
    expect([pool.state, pool.isReady]).toEqual(["idle", true]);
    expect(await answers).toEqual(texts);
    expect(pool.state).toBe("ready");
    expect(events).toEqual([{ from: 0, to: 1, why: "wake" }]);
    expect(pool.stats()).toMatchObject({ served: 8, lost: 0, refused: 0 });
  });

  it("does not refuse those that would have a slot, were it awake", async () => {
    const pool = await created({ workers: 1, slots: 4, queueLimit: 1, idleTimeout: 100 });
    await scaledTo(pool, 0);
    const results = await Promise.allSettled(Array.from({ length: 6 }, (_, n) => chat(pool, `${n}`)));
    expect(results.map(({ status }) => status)).toEqual([...Array(5).fill("fulfilled"), "rejected"]);
  });

  it("loses no request however often it falls asleep under them", async () => {
    const pool = await created({ workers: 1, idleTimeout: 1 });
    let sleeps = 0;
    pool.on("scaled", ({ to }) => {
      if (to === 0) sleeps += 1;
    });
    for (let n = 0; sleeps < 5; n += 1) {
      expect(await chat(pool, `request ${n}`)).toBe(`request ${n}`);
      // Sometimes the next one comes while it falls asleep, sometimes after.
      await new Promise((resolve) => setTimeout(resolve, n % 4));
    }
    expect(pool.stats()).toMatchObject({ lost: 0, refused: 0 });
  });

  it("tells why when it can't be woken", async () => {
    let isBroken = false;
    const broken = { exit: { stderr: "E fake reason: model-missing" } };
    const pool = await created({ workers: 1, idleTimeout: 100 }, () => (isBroken ? broken : {}));
    await scaledTo(pool, 0);
    await until(() => running(pool) === 0);
    isBroken = true;
    await expect(chat(pool, "hello?")).rejects.toMatchObject({
      code: "CORRAL_POOL_FAILED",
      facts: { failure: { reason: "model-missing" } },
    });
    expect([pool.state, pool.isReady]).toEqual(["failed", false]);
  });

  it("can be closed asleep, while it falls asleep and while it wakes", async () => {
    const asleep = await created({ workers: 1, idleTimeout: 50 });
    await scaledTo(asleep, 0);
    await asleep.close();
    expect(asleep.state).toBe("closed");
    await expect(chat(asleep, "late")).rejects.toMatchObject({ code: "CORRAL_POOL_CLOSED" });

    const waking = await created({ workers: 1, idleTimeout: 50 }, { loadMs: 300 });
    await scaledTo(waking, 0);
    const answer = chat(waking, "in time");
    await waking.close();
    expect(await answer).toBe("in time");

    const destroyed = await created({ workers: 1, idleTimeout: 50 }, { loadMs: 300 });
    await scaledTo(destroyed, 0);
    const lost = chat(destroyed, "too late").catch((error: unknown) => error);
    await destroyed.destroy();
    expect(await lost).toMatchObject({ code: "CORRAL_POOL_CLOSED" });
  });

  it("scale(n) wakes it, and idleTimeout ends those, too", async () => {
    const pool = await created({ workers: 1, idleTimeout: 200 });
    await scaledTo(pool, 0);
    await pool.scale(1);
    expect(running(pool)).toBe(1);
    await scaledTo(pool, 0);
  });
});

describe("a pool under more or less load", () => {
  const range = { minWorkers: 1, maxWorkers: 2, scaleUpDelay: 50, scaleUpCooldown: 0, scaleDownDelay: 200 };

  it("starts a worker when requests wait, ends it when they don't, and the first goes on undisturbed", async () => {
    const pool = await created(range);
    const [first] = pool.stats().workers;
    expect([running(pool), pool.plan?.workers.length]).toEqual([1, 2]);
    const up = scaledTo(pool, 2);
    const both = workerEvent(pool, isState("ready", 1));
    const client = new AbortController();
    const held = Array.from({ length: 5 }, () =>
      pool.chat({ messages: [{ role: "user", content: "!hang" }] }, { signal: client.signal }).catch(() => "aborted"),
    );
    expect(await up).toEqual({ from: 1, to: 2, why: "queue" });
    await both;
    await until(() => pool.stats().slots.busy === 4);
    const down = scaledTo(pool, 1);
    client.abort();
    expect(await Promise.all(held)).toEqual(Array(5).fill("aborted"));
    expect(await down).toEqual({ from: 2, to: 1, why: "spare" });
    await until(() => running(pool) === 1);
    expect(pool.stats().workers[0]).toMatchObject({ id: first?.id, pid: first?.pid, restarts: 0 });
  });

  it("ends a worker only when its answers are complete", async () => {
    const pool = await created({ ...range, scaleDownDelay: 50, drainTimeout: 1, slots: 1 });
    const up = scaledTo(pool, 2);
    const short = [chat(pool, "!pace 100 one two three"), chat(pool, "!pace 100 a b c d e f g h i j k l m n")];
    await up;
    const down = scaledTo(pool, 1);
    expect(await short[0]).toBe("!pace 100 one two three");
    await down;
    expect(await short[1]).toBe("!pace 100 a b c d e f g h i j k l m n");
    expect(pool.stats().lost).toBe(0);
  });

  it("does not keep a stop waiting for the worker that it ends", async () => {
    const pool = await created({ workers: 2, slots: 1, drainTimeout: 100 });
    const hung = [1, 2].map(() =>
      pool.chat({ messages: [{ role: "user", content: "!hang" }] }).catch((error: unknown) => error),
    );
    await until(() => pool.stats().slots.busy === 2);
    const draining = workerEvent(pool, isState("draining", 1));
    const scaling = pool.scale(1);
    await draining;
    await pool.close();
    await scaling;
    for (const error of await Promise.all(hung)) expect(error).toMatchObject({ code: "CORRAL_POOL_CLOSED" });
  });

  it("does not wait for the answers of a worker that hangs", async () => {
    const pool = await created({ workers: 2, slots: 1 });
    const hung = [1, 2].map(() =>
      pool.chat({ messages: [{ role: "user", content: "!hang" }] }).catch((error: unknown) => error),
    );
    await until(() => pool.stats().slots.busy === 2);
    const draining = workerEvent(pool, isState("draining", 1));
    const scaling = pool.scale(1);
    const { pid } = await draining;
    process.kill(pid ?? 0, "SIGSTOP");
    await scaling;
    expect(running(pool)).toBe(1);
    expect(pool.stats().lost).toBe(0);
    await pool.destroy();
    await Promise.all(hung);
  });

  it("never runs more than the plan has", async () => {
    const pool = await created({ ...range, slots: 1, maxWorkers: 2 });
    const texts = Array.from({ length: 30 }, (_, n) => `!pace 20 ${n}`);
    let most = 0;
    pool.on("worker", () => {
      most = Math.max(most, running(pool));
    });
    expect(await Promise.all(texts.map((text) => chat(pool, text)))).toEqual(texts);
    expect(most).toBeLessThanOrEqual(2);
  });

  it('scale(n) fixes the number, and "auto" frees it', async () => {
    const pool = await created({ ...range, scaleDownDelay: 50 });
    await pool.scale(2);
    await chat(pool, "something");
    expect(running(pool)).toBe(2);
    const down = scaledTo(pool, 1);
    await pool.scale("auto");
    await down;
  });
});

it("a worker that dies while the pool wakes is started again", async () => {
  let starts = 0;
  const engine = (): { exit?: { code: number } } => {
    starts += 1;
    return starts === 2 ? { exit: { code: 3 } } : {};
  };
  const pool = await created({ workers: 1, idleTimeout: 100 }, engine);
  await scaledTo(pool, 0);
  const failed = workerEvent(pool, isState("failed"));
  const answer = chat(pool, "patience");
  await failed;
  expect(await answer).toBe("patience");
  expect(starts).toBe(3);
});

it("wakes for a request that was there before it slept for good", async () => {
  const pool = opened({ workers: 1, idleTimeout: 1 });
  const answer = chat(pool, "early");
  await once(pool, "planned");
  expect(await answer).toBe("early");
});
