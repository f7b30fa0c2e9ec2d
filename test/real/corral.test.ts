import { afterEach, describe, expect, it } from "vitest";
import type { ModelOptions } from "../../src/config/model-options.ts";
import { openCorral } from "../../src/corral.ts";
import type { Corral, ManyModels } from "../../src/corral-types.ts";
import { planPool } from "../../src/pool.ts";
import type { Pool, ScaleEvent } from "../../src/pool-types.ts";
import { fakeEngine } from "../fixtures/fake-engine.ts";
import { until, zombies } from "./worker-kit.ts";

const MIB = 1024 ** 2;
const QUICK = { probeInterval: 50, probeTimeout: 500, drainTimeout: 10_000, killTimeout: 1_000, threads: 1 } as const;
const SMALL: ModelOptions = { source: "echo", workers: 1, slots: 2, context: 512, ...QUICK };

const corrals: Corral[] = [];
let scaled: (ScaleEvent & { model: string })[] = [];

function opened(options: ManyModels, behaviour: Parameters<typeof fakeEngine>[0] = {}): Corral {
  const corral = openCorral(options, { engine: fakeEngine(behaviour) });
  corral.on("opened", (pool: Pool) => pool.on("scaled", (event) => scaled.push({ ...event, model: pool.name })));
  corrals.push(corral);
  return corral;
}

afterEach(async () => {
  await Promise.all(corrals.splice(0).map((corral) => corral.destroy()));
  scaled = [];
  expect(zombies()).toEqual([]);
});

async function chat(corral: Corral, model: string, content = `hello ${model}`): Promise<string> {
  const answer = await corral.chat({ model, messages: [{ role: "user", content }] });
  return answer.choices[0]?.message.content ?? "";
}

/** Memory in which two of these fit, and three do not: prompt caches share a quarter of what is left. */
async function roomForTwo(): Promise<number> {
  const { memory } = await planPool({ source: "echo", workers: 1, slots: 2, context: 512 }, { engine: fakeEngine() });
  return 3 * memory.total + 128 * MIB;
}

const states = (corral: Corral): Record<string, string> =>
  Object.fromEntries(corral.models.map(({ name, state }) => [name, state]));

describe("many models", () => {
  it("are asked by name or alias, and one that nobody knows is refused by name", async () => {
    const corral = opened({ models: { a: { ...SMALL, aliases: ["gpt"] }, b: SMALL } });
    await corral.ready();
    expect(await Promise.all([chat(corral, "a"), chat(corral, "gpt"), chat(corral, "b")])).toEqual([
      "hello a",
      "hello gpt",
      "hello b",
    ]);
    await expect(chat(corral, "c")).rejects.toMatchObject({ code: "CORRAL_MODEL_UNKNOWN" });
    expect(() => opened({ models: { a: { ...SMALL, aliases: ["b"] }, b: SMALL } })).toThrow('named "b"');
  });

  it("are loaded by their first request where they are lazy", async () => {
    const corral = opened({ models: { eager: SMALL, lazy: { ...SMALL, start: "lazy" } } }, { loadMs: 100 });
    await corral.ready();
    expect(states(corral)).toEqual({ eager: "ready", lazy: "idle" });
    expect(corral.models[1]?.stats().workers).toEqual([]);
    const answers = await Promise.all([1, 2, 3, 4].map((n) => chat(corral, "lazy", `wake ${n}`)));
    expect(answers).toEqual(["wake 1", "wake 2", "wake 3", "wake 4"]);
    expect(states(corral)).toEqual({ eager: "ready", lazy: "ready" });
  });

  it("unload the one used longest ago for one that is asked, and lose no request", async () => {
    const memory = await roomForTwo();
    const corral = opened({ memory, dwellTime: 0, models: { a: SMALL, b: SMALL, c: SMALL } });
    await corral.ready();
    expect(Object.values(states(corral)).sort()).toEqual(["idle", "ready", "ready"]);
    for (const model of ["a", "b", "c"]) expect(await chat(corral, model)).toBe(`hello ${model}`);
    await until(() => states(corral).a === "idle");
    expect(states(corral)).toEqual({ a: "idle", b: "ready", c: "ready" });
    expect(corral.memory.used).toBeLessThanOrEqual(corral.memory.budget);

    const mixed = Array.from({ length: 60 }, (_, n) => ["a", "b", "c"][(n * 7) % 3] ?? "a");
    const loops = [0, 1, 2, 3].map(async (lane) => {
      for (const [n, model] of mixed.entries()) {
        if (n % 4 === lane) expect(await chat(corral, model, `${n} for ${model}`)).toBe(`${n} for ${model}`);
      }
    });
    await Promise.all(loops);
    expect(scaled.filter(({ why }) => why === "room").length).toBeGreaterThan(1);
  });

  it("of one group never run together", async () => {
    const corral = opened({ dwellTime: 0, models: { a: { ...SMALL, group: "g" }, b: { ...SMALL, group: "g" } } });
    await corral.ready();
    expect(Object.values(states(corral)).sort()).toEqual(["idle", "ready"]);
    for (const model of ["a", "b", "a"]) {
      expect(await chat(corral, model)).toBe(`hello ${model}`);
      const running = corral.models.filter((other) => other.stats().workers.length > 0);
      expect(running.map(({ name }) => name)).toEqual([model]);
    }
  });

  it("tell who waited too long for room, and why", async () => {
    const memory = await roomForTwo();
    const models = { a: SMALL, b: SMALL, c: SMALL };
    const corral = opened({ memory, dwellTime: 60_000, roomTimeout: 50, models });
    await corral.ready();
    const asleep = Object.entries(states(corral)).find(([, state]) => state === "idle")?.[0] ?? "";
    await expect(chat(corral, asleep)).rejects.toMatchObject({
      code: "CORRAL_NO_ROOM",
      facts: { model: asleep, retryAfter: expect.any(Number), inMemory: expect.arrayContaining([expect.any(String)]) },
    });
    const others = ["a", "b", "c"].filter((name) => name !== asleep);
    expect(await Promise.all(others.map((name) => chat(corral, name)))).toEqual(others.map((name) => `hello ${name}`));
  });
});

describe("other options", () => {
  it("are taken model by model while requests run, and lose none", async () => {
    const corral = opened({ models: { stays: SMALL, changes: SMALL, goes: SMALL } }, { paceMs: 2 });
    await corral.ready();
    const before = corral.models[0]?.stats().workers.map(({ pid }) => pid);
    let isOver = false;
    const loops = ["stays", "changes", "stays", "changes"].map(async (model, lane) => {
      let asked = 0;
      for (; !isOver; asked += 1) expect(await chat(corral, model, `${lane}.${asked}`)).toBe(`${lane}.${asked}`);
      return asked;
    });
    const first = await corral.reconfigure({ models: { stays: SMALL, changes: { ...SMALL, slots: 1 }, comes: SMALL } });
    expect(first).toEqual({
      added: ["comes"],
      removed: ["goes"],
      changed: ["changes"],
      unchanged: ["stays"],
      failed: [],
    });
    const args = ["--verbose"];
    const second = await corral.reconfigure({ models: { stays: SMALL, changes: { ...SMALL, args }, comes: SMALL } });
    expect(second).toMatchObject({ changed: ["changes"], unchanged: ["stays", "comes"], failed: [] });
    isOver = true;
    expect(Math.min(...(await Promise.all(loops)))).toBeGreaterThan(0);
    expect(corral.models[0]?.stats().workers.map(({ pid }) => pid)).toEqual(before);
    expect(await chat(corral, "comes")).toBe("hello comes");
    await expect(chat(corral, "goes")).rejects.toMatchObject({ code: "CORRAL_MODEL_UNKNOWN" });
    await until(() => corral.models[1]?.stats().workers.length === 1);
  });

  it("replace a model where memory has no room for both, and its requests wait", async () => {
    const { memory } = await planPool({ source: "echo", workers: 1, slots: 2, context: 512 }, { engine: fakeEngine() });
    const tight = { memory: Math.ceil(1.5 * memory.total) + 128 * MIB };
    const corral = opened({ ...tight, models: { a: SMALL } }, { paceMs: 2, loadMs: 50 });
    await corral.ready();
    let isOver = false;
    const loop = (async () => {
      let asked = 0;
      for (; !isOver; asked += 1) expect(await chat(corral, "a", `${asked}`)).toBe(`${asked}`);
      return asked;
    })();
    const changes = await corral.reconfigure({ ...tight, models: { a: { ...SMALL, args: ["--verbose"] } } });
    expect(changes).toMatchObject({ changed: ["a"], failed: [] });
    expect(await chat(corral, "a", "after")).toBe("after");
    isOver = true;
    expect(await loop).toBeGreaterThan(0);
  });

  it("that are wrong change nothing", async () => {
    const corral = opened({ models: { a: SMALL } });
    await corral.ready();
    const missing = { ...SMALL, source: "/nowhere/model.gguf" };
    await expect(corral.reconfigure({ models: { b: missing, c: SMALL } })).rejects.toMatchObject({
      code: "CORRAL_MODEL_MISSING",
      message: expect.stringContaining("Nothing has been changed. b: "),
    });
    expect(states(corral)).toEqual({ a: "ready" });
    expect(await chat(corral, "a")).toBe("hello a");
  });
});
