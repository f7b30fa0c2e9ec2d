import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import type { Pool } from "../../src/index.ts";
import { type LoadedPool, measureLoad } from "../../src/load/load.ts";
import { writeScriptedChatglm } from "../../src/model/chatglm/scripted.ts";
import { createPool } from "../../src/pool.ts";
import { type FakeBehaviour, fakeEngine } from "../fixtures/fake-engine.ts";
import { newDir, removeDirs } from "./worker-kit.ts";

const pools: Pool[] = [];

async function created(options: PoolOptions = {}, behaviour: FakeBehaviour = {}): Promise<Pool> {
  const setup = { engine: fakeEngine(behaviour) };
  const pool = await createPool({ workers: 1, threads: 1, slots: 4, killTimeout: 1_000, ...options }, setup);
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
});

afterAll(removeDirs);

interface Seen {
  readonly requests: number;
  readonly maxInFlight: number;
  readonly inFlight: number;
}

/** What the fake worker has seen. */
async function seen(pool: Pool): Promise<Seen> {
  return (await (await pool.request({ path: "/fake" })).json()) as Seen;
}

/** The same pool, but for requests that a test spoils: the n-th one, from 0 on. */
function spoiling(pool: Pool, isSpoilt: (nth: number) => boolean): LoadedPool {
  let asked = 0;
  return {
    ready: () => pool.ready(),
    model: pool.model,
    plan: pool.plan,
    exchange: (request, sink, options) => {
      const body = { prompt: "!status 500", stream: true };
      const spoilt = { ...request, body: Buffer.from(JSON.stringify(body)) };
      return pool.exchange(isSpoilt(asked++) ? spoilt : request, sink, options);
    },
  };
}

const shapes = [{ prompt: 7, answer: 5 }];

describe("a load", () => {
  it("is as many requests at once as asked for, and no more in all", async () => {
    const pool = await created({}, { paceMs: 5 });
    const answered: number[] = [];
    const onAnswer = (done: number): unknown => answered.push(done);
    const figures = await measureLoad(pool, { concurrency: 3, requests: 7, shapes, warmUp: 2, onAnswer });
    expect(answered).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(figures).toMatchObject({ concurrency: 3, requests: 7, failed: 0, failures: [] });
    expect(await seen(pool)).toMatchObject({ requests: 9, maxInFlight: 3 });
  });

  it("waits in the queue where there are more askers than slots, which the first token tells", async () => {
    const pool = await created({ slots: 1 }, { paceMs: 20 });
    const { firstToken, figures, failed } = await measureLoad(pool, { concurrency: 4, requests: 8, shapes });
    expect(failed).toBe(0);
    expect(await seen(pool)).toMatchObject({ maxInFlight: 1 });
    // Whoever comes last waits for three answers of five pieces, 20 ms each; that the timers are late makes it more.
    expect(firstToken.p99).toBeGreaterThan(3 * 5 * 0.019);
    expect(figures.perToken).toBeGreaterThan(0.019);
  });

  it("counts tokens as the engine does: rates times the time they took are what was asked for", async () => {
    const pool = await created({}, { paceMs: 3 });
    const mixed = [...shapes, { prompt: 21, answer: 3 }];
    const { figures, seconds } = await measureLoad(pool, { concurrency: 2, requests: 8, shapes: mixed });
    const busy = 8 * (14 / figures.prefill + 4 / figures.decode);
    expect(busy).toBeGreaterThan(0);
    expect(busy).toBeLessThanOrEqual(seconds);
  });

  it("never asks the same twice, and asks the same again for a seed", async () => {
    const prompts: string[] = [];
    const pool = await created();
    const noting = {
      ...spoiling(pool, () => false),
      exchange: ((request, sink, options) => {
        prompts.push(JSON.parse(request.body?.toString() ?? "").prompt.join());
        return pool.exchange(request, sink, options);
      }) satisfies Pool["exchange"],
    };
    const spec = { concurrency: 1, requests: 4, shapes };
    for (const more of [{ seed: 1 }, { seed: 1 }, {}, {}]) await measureLoad(noting, { ...spec, ...more, warmUp: 0 });
    expect(prompts.slice(4, 8)).toEqual(prompts.slice(0, 4));
    expect(new Set(prompts).size).toBe(12);
    expect(prompts.every((prompt) => prompt.split(",").length === 7)).toBe(true);
  });
});

describe("what goes wrong", () => {
  it("is counted, with the reason", async () => {
    const pool = spoiling(await created(), (nth) => nth % 3 === 2);
    const { failed, failures, requests } = await measureLoad(pool, { concurrency: 2, requests: 9, shapes, warmUp: 0 });
    expect({ requests, failed }).toEqual({ requests: 9, failed: 3 });
    expect(failures).toEqual([{ why: expect.stringContaining("500"), count: 3 }]);
  });

  it("is an error where nothing was answered", async () => {
    const pool = await created({}, { status: 500 });
    await expect(measureLoad(pool, { concurrency: 2, requests: 2, shapes })).rejects.toMatchObject({
      code: "CORRAL_WORKER_ANSWERED",
      message: expect.stringContaining("none of 2 requests"),
    });
  });

  it("shows answers that were cut off, and those of another length", async () => {
    const pool = await created({}, { closeAfter: 2 });
    await expect(measureLoad(pool, { concurrency: 1, requests: 1, shapes, warmUp: 0 })).rejects.toMatchObject({
      code: "CORRAL_WORKER_LOST",
    });
    const short = await created();
    const answersLess: LoadedPool = {
      ...spoiling(short, () => false),
      exchange: (request, sink, options) => {
        const body = { ...JSON.parse(request.body?.toString() ?? ""), max_tokens: 3 };
        return short.exchange({ ...request, body: Buffer.from(JSON.stringify(body)) }, sink, options);
      },
    };
    await expect(measureLoad(answersLess, { concurrency: 1, requests: 1, shapes, warmUp: 0 })).rejects.toThrow(
      "3 tokens came where 5 were asked for",
    );
  });

  it("stops by its signal, with nothing left running", async () => {
    const pool = await created({}, { paceMs: 50 });
    const stop = new AbortController();
    const why = new Error("enough");
    const onAnswer = (done: number): void => (done === 2 ? stop.abort(why) : undefined);
    const spec = { concurrency: 2, requests: 1_000, shapes, signal: stop.signal, onAnswer };
    await expect(measureLoad(pool, spec)).rejects.toBe(why);
    expect(pool.stats()).toMatchObject({ queued: 0, slots: { busy: 0 } });
  });

  it("is refused before anything is asked", async () => {
    const pool = await created();
    const { context } = pool.plan ?? { context: 0 };
    const refused = (spec: object) => measureLoad(pool, { concurrency: 1, requests: 1, shapes, ...spec });
    for (const [spec, words] of [
      [{ concurrency: 0 }, "concurrency"],
      [{ concurrency: 3, requests: 2 }, "requests"],
      [{ shapes: [] }, "shapes"],
      [{ shapes: [{ prompt: 1, answer: 1 }] }, "shapes"],
      [{ shapes: [{ prompt: context, answer: 2 }] }, `--context ${context + 2}`],
    ] as const) {
      await expect(refused(spec)).rejects.toMatchObject({
        code: "CORRAL_BAD_OPTION",
        message: expect.stringContaining(words),
      });
    }
    expect((await seen(pool)).requests).toBe(0);
  });
});

describe("real engines", () => {
  const few = [
    { prompt: 40, answer: 12 },
    { prompt: 5, answer: 3 },
  ];

  it("llama computes every token of every prompt, and answers as long as asked", async () => {
    const pool = await createPool({ workers: 1, threads: 1, slots: 2 });
    pools.push(pool);
    const before = pool.stats().tokens;
    const figures = await measureLoad(pool, { concurrency: 2, requests: 6, shapes: few, warmUp: 0 });
    expect(figures).toMatchObject({ requests: 6, failed: 0 });
    const { prompt, completion } = pool.stats().tokens;
    expect([prompt - before.prompt, completion - before.completion]).toEqual([3 * 45, 3 * 15]);
    expect(figures.perToken.p50).toBeGreaterThan(0);
  });

  it("chatglm takes the same requests", async () => {
    const model = join(newDir(), "alphabet.bin");
    await writeScriptedChatglm(model, { type: 3, script: "alphabet" });
    const pool = await createPool({ model, engine: "chatglm", workers: 1, threads: 1 });
    pools.push(pool);
    const figures = await measureLoad(pool, { concurrency: 2, requests: 6, shapes: few });
    expect(figures).toMatchObject({ requests: 6, failed: 0 });
    expect(figures.prefill).toBeGreaterThan(0);
  });
});
