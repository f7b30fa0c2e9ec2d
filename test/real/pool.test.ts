import { once } from "node:events";
import { existsSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import type { ChatChunk, ChatRequest, Pool, RequestEvent } from "../../src/index.ts";
import { createPool, openPool } from "../../src/pool.ts";
import { type FakeBehaviour, fakeEngine } from "../fixtures/fake-engine.ts";
import { deferred } from "../pool/deferred.ts";
import { processState, until, workerEvent, zombies } from "./worker-kit.ts";

const QUICK = { probeInterval: 50, probeTimeout: 500, drainTimeout: 10_000, killTimeout: 1_000 };
type Behaviour = Parameters<typeof fakeEngine>[0];

const pools: Pool[] = [];

function opened(options: PoolOptions = {}, behaviour: Behaviour = {}): Pool {
  const setup = { engine: fakeEngine(behaviour) };
  const pool = openPool({ workers: 1, threads: 1, slots: 4, ...QUICK, ...options }, setup);
  pools.push(pool);
  return pool;
}

async function created(options: PoolOptions = {}, behaviour: Behaviour = {}): Promise<Pool> {
  const pool = opened(options, behaviour);
  await pool.ready();
  return pool;
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  expect(zombies()).toEqual([]);
});

const say = (content: string, rest: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: "user", content }],
  ...rest,
});

async function textOf(chunks: AsyncIterable<ChatChunk>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

const pidsOf = (pool: Pool): number[] => pool.stats().workers.flatMap(({ pid }) => pid ?? []);

/** What the fake worker has seen. */
async function seen(pool: Pool): Promise<{ inFlight: number; aborted: number; requests: number }> {
  return (await (await pool.request({ path: "/fake" })).json()) as never;
}

describe("what a pool answers", () => {
  it("chats, whole and in pieces", async () => {
    const pool = await created();
    const answer = await pool.chat(say("one two three"));
    expect(pool.stats()).toMatchObject({ served: 1, slots: { busy: 0 } });
    expect(answer).toMatchObject({ object: "chat.completion", choices: [{ message: { content: "one two three" } }] });
    expect(await textOf(pool.chatStream(say("vier fünf 六 😀")))).toBe("vier fünf 六 😀");
  });

  it("completes, embeds, and passes on anything else", async () => {
    const pool = await created();
    expect((await pool.complete({ prompt: "go on" })).choices[0]?.text).toBe("go on");
    expect((await pool.embed({ input: ["a", "bb"] })).data.map(({ embedding }) => embedding)).toEqual([
      [1, 0, 1],
      [2, 1, 1],
    ]);
    const response = await pool.request({ path: "/v1/rerank", body: { query: "q" } });
    expect(await response.json()).toEqual({ path: "/v1/rerank", body: { query: "q" } });
    let stream = "";
    for await (const chunk of (await pool.request({ path: "/v1/completions", body: { prompt: "a b", stream: true } }))
      .body)
      stream += chunk;
    expect(stream.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  it("throws what the engine refuses, with its status and its error", async () => {
    const pool = await created();
    await expect(pool.chat(say("!status 400"))).rejects.toMatchObject({
      code: "CORRAL_WORKER_ANSWERED",
      facts: { status: 400, error: { message: "as ordered: 400" } },
    });
    await expect(textOf(pool.chatStream(say("!status 500")))).rejects.toMatchObject({ facts: { status: 500 } });
  });

  it("tells of each request, and counts", async () => {
    const pool = await created({ name: "counted" });
    const events: RequestEvent[] = [];
    pool.on("request", (event) => events.push(event));
    await pool.chat(say("one two three"));
    await textOf(pool.chatStream(say("one two")));
    await pool.chat(say("!status 400")).catch(() => {});
    await pool.chat(say("!close 0")).catch(() => {});
    await pool.chat(say("x"), { signal: AbortSignal.abort() }).catch(() => {});
    expect(events.map(({ outcome, status }) => [outcome, status])).toEqual([
      ["answered", 200],
      ["answered", 200],
      ["answered", 400],
      ["lost", null],
      ["aborted", null],
    ]);
    expect(events[0]).toMatchObject({ pool: "counted", method: "POST", path: "/v1/chat/completions", attempts: 1 });
    expect(events[0]?.upstream).toBe("counted#0.0");
    expect(pool.stats()).toMatchObject({
      name: "counted",
      state: "ready",
      slots: { total: 4, busy: 0 },
      queued: 0,
      served: 3,
      lost: 1,
      aborted: 1,
      refused: 0,
      tokens: { prompt: 5, cached: 0, completion: 5 },
      restarts: 0,
    });
    expect(pool.stats().workers).toMatchObject([{ id: "counted#0.0", state: "ready", served: 3, inFlight: 0 }]);
  });

  it("spreads requests over workers and keeps the others waiting", async () => {
    const pool = await created({ workers: 2, slots: 1 });
    const answers = Promise.all(["a", "b", "c"].map((text) => pool.chat(say(`${text} !pace 50`))));
    await until(() => pool.stats().slots.busy === 2);
    expect(pool.stats()).toMatchObject({ slots: { total: 2, busy: 2 }, queued: 1 });
    await answers;
    expect(
      pool
        .stats()
        .workers.map(({ served }) => served)
        .toSorted(),
    ).toEqual([1, 2]);
  });

  it("refuses more than may wait", async () => {
    const pool = await created({ slots: 1, queueLimit: 1 });
    const client = new AbortController();
    const held = [1, 2].map(() => pool.chat(say("!hang"), { signal: client.signal }).catch((error: unknown) => error));
    await expect(pool.chat(say("too many"))).rejects.toMatchObject({
      code: "CORRAL_QUEUE_FULL",
      facts: { limit: 1, waiting: 1 },
    });
    client.abort();
    await Promise.all(held);
    expect((await pool.chat(say("room again"))).choices[0]?.message.content).toBe("room again");
  });

  it("answers from two pools side by side, whose files are apart", async () => {
    const [one, two] = await Promise.all([created({ name: "one" }), created({ name: "two" })]);
    const answers = await Promise.all([one, two].map((pool) => pool.chat(say(`for ${pool.name}`))));
    expect(answers.map(({ model, choices }) => [model, choices[0]?.message.content])).toEqual([
      ["one", "for one"],
      ["two", "for two"],
    ]);
    await one.close();
    expect((await two.chat(say("still here"))).choices[0]?.message.content).toBe("still here");
  });
});

describe("a caller that goes", () => {
  it("frees the slot: by the signal, before and after the first piece", async () => {
    const pool = await created({ slots: 2 });
    const reason = new Error("gone");
    const waiting = new AbortController();
    const first = pool.chat(say("!hang"), { signal: waiting.signal });
    while ((await seen(pool)).inFlight === 0);
    waiting.abort(reason);
    await expect(first).rejects.toBe(reason);
    const reading = new AbortController();
    const pieces = textOf(
      (async function* () {
        for await (const chunk of pool.chatStream(say("a b c d e f !pace 50"), { signal: reading.signal })) {
          if (chunk.choices[0]?.delta.content) reading.abort(reason);
          yield chunk;
        }
      })(),
    );
    await expect(pieces).rejects.toBe(reason);
    await until(() => pool.stats().slots.busy === 0);
    while ((await seen(pool)).inFlight > 0);
    expect(await seen(pool)).toMatchObject({ requests: 2, aborted: 2 });
  });

  it("frees the slot by leaving the loop", async () => {
    const pool = await created({ slots: 1 });
    for await (const _ of pool.chatStream(say("a b c d e f g !pace 100"))) break;
    await until(() => pool.stats().slots.busy === 0);
    while ((await seen(pool)).inFlight > 0);
    expect(await seen(pool)).toMatchObject({ aborted: 1 });
    expect(pool.stats()).toMatchObject({ aborted: 1, lost: 0 });
  });
});

describe("a worker that dies", () => {
  it("has its requests taken over by the others, and is replaced", async () => {
    const pool = await created({ workers: 2, slots: 4 });
    const taken: number[] = [];
    pool.on("request", ({ continued }) => taken.push(continued));
    const texts = Array.from({ length: 8 }, (_, index) => `text ${index} a b c d !pace 60`);
    let begun = 0;
    const answers = Promise.all(
      texts.map(async (text) => {
        const chunks = pool.chatStream(say(text));
        await chunks.next();
        begun += 1;
        return textOf(chunks);
      }),
    );
    await until(() => begun === 8);
    const again = workerEvent(
      pool,
      ({ replica, start, state }) => replica === 0 && start === 1 && state.name === "ready",
    );
    process.kill(pidsOf(pool)[0] ?? 0, "SIGKILL");
    expect(await answers).toEqual(texts);
    expect(Math.max(...taken)).toBeLessThanOrEqual(1);
    await again;
    expect(pool.stats()).toMatchObject({ state: "ready", restarts: 1, lost: 0 });
    expect((await pool.chat(say("whole again"))).choices[0]?.message.content).toBe("whole again");
  });

  it("loses nothing that has not begun: with one worker all wait for its successor", async () => {
    const pool = await created({ slots: 1 });
    const inWorker = pool.chat(say("a b c d !pace 100"));
    await until(() => pool.stats().slots.busy === 1);
    const waiting = pool.chat(say("patient"));
    process.kill(pidsOf(pool)[0] ?? 0, "SIGKILL");
    expect((await inWorker).choices[0]?.message.content).toBe("a b c d !pace 100");
    expect((await waiting).choices[0]?.message.content).toBe("patient");
    expect(pool.stats()).toMatchObject({ served: 2, lost: 0 });
  });

  it("again and again makes the pool fail, and says why", async () => {
    const broken: FakeBehaviour = { exit: { code: 1, stderr: "fake reason: model-broken" } };
    let starts = 0;
    const pool = await created({}, () => (starts++ === 0 ? {} : broken));
    const failed = once(pool, "failed");
    const died = workerEvent(pool, ({ state }) => state.name === "failed");
    process.kill(pidsOf(pool)[0] ?? 0, "SIGKILL");
    await died;
    const waiting = pool.chat(say("in vain")).catch((error: unknown) => error);
    const [failure] = await failed;
    expect(failure).toMatchObject({ reason: "model-broken" });
    const refusal = { code: "CORRAL_POOL_FAILED", facts: { retryAfter: 15, failure: { reason: "model-broken" } } };
    expect(await waiting).toMatchObject(refusal);
    await expect(pool.chat(say("x"))).rejects.toMatchObject(refusal);
    await expect(pool.chat(say("x"))).rejects.toThrow(failure.message);
    expect([pool.stats().state, pool.isReady]).toEqual(["failed", false]);
  });
});

describe("the life of a pool", () => {
  it("takes requests before it is ready", async () => {
    const pool = opened({}, { loadMs: 300 });
    expect([pool.isReady, pool.stats().state, pool.plan]).toEqual([false, "starting", null]);
    expect((await pool.chat(say("early"))).choices[0]?.message.content).toBe("early");
    await pool.ready();
    expect([pool.isReady, pool.stats().state, pool.plan?.workers.length]).toEqual([true, "ready", 1]);
    expect(pool.model?.name).toBe("echo");
  });

  it("that cannot start says why, to whoever waits and asks, and leaves nothing", async () => {
    const engine = fakeEngine({ exit: { code: 1, stderr: "fake reason: model-broken" } });
    await expect(createPool({ workers: 1, ...QUICK }, { engine })).rejects.toMatchObject({
      code: "CORRAL_MODEL_BROKEN",
    });
    const pool = opened({}, { exit: { code: 1, stderr: "fake reason: model-broken" } });
    const waiting = pool.chat(say("x")).catch((error: unknown) => error);
    await expect(pool.ready()).rejects.toMatchObject({ code: "CORRAL_MODEL_BROKEN" });
    expect(await waiting).toMatchObject({ code: "CORRAL_POOL_FAILED", cause: { code: "CORRAL_MODEL_BROKEN" } });
    expect(pool.stats().state).toBe("failed");
  });

  it("gives up its start when the signal says so", async () => {
    const start = new AbortController();
    const reason = new Error("too long");
    const pids: number[] = [];
    const pool = openPool(
      { workers: 1, ...QUICK },
      { engine: fakeEngine({ loadMs: "forever" }), signal: start.signal },
    );
    pool.on("worker", ({ pid }) => {
      if (pid !== null) pids.push(pid);
      start.abort(reason);
    });
    await expect(pool.ready()).rejects.toBe(reason);
    await pool.destroy();
    expect(pids.length).toBeGreaterThan(0);
    expect(pids.map(processState).filter((state) => state !== null)).toEqual([]);
  });

  it("closes: takes nothing new, finishes what it has taken, leaves no process and no file", async () => {
    const pool = await created({ slots: 1 });
    const [worker] = pool.stats().workers;
    const started = deferred();
    const running = (async () => {
      let text = "";
      for await (const chunk of pool.chatStream(say("a b c d !pace 50"))) {
        text += chunk.choices[0]?.delta.content ?? "";
        started.resolve();
      }
      return text;
    })();
    await started.promise;
    const queued = pool.chat(say("queued"));
    const closed = pool.close();
    expect([pool.isReady, pool.stats().state]).toEqual([false, "closing"]);
    await expect(pool.chat(say("late"))).rejects.toMatchObject({ code: "CORRAL_POOL_CLOSED" });
    expect(await running).toBe("a b c d !pace 50");
    expect((await queued).choices[0]?.message.content).toBe("queued");
    await closed;
    expect(pool.stats()).toMatchObject({ state: "closed", served: 2, lost: 0 });
    expect(processState(worker?.pid ?? 0)).toBeNull();
    await expect(pool.chat(say("late"))).rejects.toMatchObject({ code: "CORRAL_POOL_CLOSED" });
    await expect(pool.scale(2)).rejects.toMatchObject({ code: "CORRAL_POOL_CLOSED" });
    await pool.close();
    await pool.destroy();
  });

  it("closes in the time it is given, whatever hangs", async () => {
    const pool = await created({ slots: 1, drainTimeout: 100 });
    const hung = pool.chat(say("!hang")).catch((error: unknown) => error);
    const waiting = pool.chat(say("behind it")).catch((error: unknown) => error);
    await until(() => pool.stats().slots.busy === 1);
    await pool.close();
    expect(await hung).toMatchObject({ code: "CORRAL_POOL_CLOSED" });
    expect(await waiting).toMatchObject({ code: "CORRAL_POOL_CLOSED" });
  });

  it("is destroyed at once, also while it closes or starts", async () => {
    const pool = await created();
    const hung = pool.chat(say("!hang")).catch((error: unknown) => error);
    await until(() => pool.stats().slots.busy === 1);
    const closing = pool.close();
    await pool.destroy();
    expect(await hung).toMatchObject({ code: "CORRAL_POOL_CLOSED" });
    await closing;
    const starting = opened({}, { loadMs: "forever" });
    const waiting = starting.chat(say("x")).catch((error: unknown) => error);
    await once(starting, "worker");
    await starting.destroy();
    expect(await waiting).toMatchObject({ code: "CORRAL_POOL_CLOSED" });
    await expect(starting.ready()).rejects.toMatchObject({ code: "CORRAL_POOL_CLOSED" });
    expect(starting.stats().state).toBe("closed");
  });

  it("removes its folder of keys and sockets", async () => {
    const pool = opened();
    const ready = await workerEvent(pool, ({ state }) => state.name === "ready");
    const socketPath = ready.endpoint?.kind === "unix" ? ready.endpoint.socketPath : "";
    expect(existsSync(socketPath)).toBe(true);
    await pool.close();
    expect(existsSync(socketPath.slice(0, socketPath.lastIndexOf("/")))).toBe(false);
  });

  it("scales up and down while it serves", async () => {
    const pool = await created({ workers: 1, threads: "auto" });
    const client = new AbortController();
    let served = 0;
    const load = (async () => {
      while (!client.signal.aborted) {
        await pool.chat(say("under way"));
        served += 1;
      }
    })();
    await pool.scale(2);
    expect(pool.stats().workers.map(({ state }) => state)).toEqual(["ready", "ready"]);
    expect(pool.plan?.workers.length).toBe(2);
    await pool.scale(1);
    expect(pool.stats().workers.length).toBe(1);
    client.abort();
    await load;
    expect([served > 0, pool.stats().lost]).toEqual([true, 0]);
  });

  it("works with `await using`, over TCP too", async () => {
    let kept: Pool;
    {
      await using pool = await created({ transport: "tcp" });
      kept = pool;
      expect((await pool.chat(say("tcp"))).choices[0]?.message.content).toBe("tcp");
    }
    expect(kept.stats().state).toBe("closed");
  });
});

describe("openPool", () => {
  it.each([
    [{ workers: 0 }, "workers", "0"],
    [{ transport: "smoke" }, "transport", '"smoke"'],
    [{ wrokers: 2 }, "wrokers", "workers"],
  ])("refuses %j at once, naming the option and what is allowed", (options, name, told) => {
    expect(() => openPool(options as PoolOptions)).toThrowError(
      expect.objectContaining({ code: "CORRAL_BAD_OPTION", message: expect.stringContaining(name) }),
    );
    expect(() => openPool(options as PoolOptions)).toThrowError(told);
  });
});
