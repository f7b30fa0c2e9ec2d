import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import type { CorralError } from "../../src/errors.ts";
import type { ChatRequest, Failure, Pool } from "../../src/index.ts";
import { createPool } from "../../src/pool.ts";
import { fakeEngine } from "../fixtures/fake-engine.ts";
import { until, workerEvent, zombies } from "./worker-kit.ts";

const QUICK = { probeInterval: 50, probeTimeout: 500, drainTimeout: 10_000, killTimeout: 1_000 };
/** What the fake engine dies of, by SIGSEGV, as soon as it has read it. */
const POISON = "poison for the engine";

let stateDir: string;
const pools: Pool[] = [];

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "corral-test-"));
});
afterAll(() => rm(stateDir, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  for (const name of await readdir(stateDir)) await rm(join(stateDir, name));
  expect(zombies()).toEqual([]);
});

interface Watched {
  readonly pool: Pool;
  /** How workers have died. */
  readonly deaths: Failure[];
}

async function created(options: PoolOptions = {}): Promise<Watched> {
  const setup = { engine: fakeEngine({ segvOn: POISON }), stateDir };
  const pool = await createPool({ workers: 1, threads: 1, slots: 4, ...QUICK, ...options }, setup);
  pools.push(pool);
  const deaths: Failure[] = [];
  pool.on("worker", ({ state }) => {
    if (state.name === "failed") deaths.push(state.failure);
  });
  return { pool, deaths };
}

const say = (content: string, rest: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: "user", content }],
  ...rest,
});

/** What is said, or the code of the error. */
async function outcome(pool: Pool, content: string, rest: Partial<ChatRequest> = {}): Promise<string> {
  try {
    return (await pool.chat(say(content, rest))).choices[0]?.message.content ?? "";
  } catch (error) {
    return (error as CorralError).code;
  }
}

/** Until so many requests have arrived in the workers. */
async function arrived(pool: Pool, requests: number): Promise<void> {
  for (;;) {
    const texts = (await pool.scrape()).map(({ text }) => /requests_processing (\d+)/.exec(text)?.[1]);
    if (texts.reduce((sum, count) => sum + Number(count ?? 0), 0) === requests) return;
  }
}

const REFUSED = "CORRAL_REQUEST_KILLS_WORKER";

describe("a request that kills its worker", () => {
  it.each([1, 2])("is found out and refused, and the others are answered: %i workers", async (workers) => {
    const { pool, deaths } = await created({ workers });
    const texts = Array.from({ length: workers * 4 - 1 }, (_, index) => `innocent ${index} a b c !pace 200`);
    const answers = texts.map((text) => outcome(pool, text));
    await arrived(pool, texts.length);
    const culprit = outcome(pool, POISON, { user: "first try" });
    expect(await Promise.all(answers)).toEqual(texts);
    expect(await culprit).toBe(REFUSED);
    await until(() => deaths.length === 2);
    expect(deaths.map(({ reason, signal, requests }) => [reason, signal, requests])).toEqual([
      ["crashed", "SIGSEGV", 4],
      ["crashed", "SIGSEGV", 1],
    ]);
    // As a client sends it again: nobody dies of it any more.
    expect(await outcome(pool, POISON, { user: "second try" })).toBe(REFUSED);
    await until(() => pool.stats().workers.every(({ state }) => state === "ready"));
    expect(await outcome(pool, "whole again")).toBe("whole again");
    expect(pool.stats()).toMatchObject({ state: "ready", lost: 0, suspects: 0, culprits: 1 });
    expect(deaths.length).toBe(2);
  });

  it("is known to the next pool, by its hash only", async () => {
    const first = await created();
    expect(await outcome(first.pool, POISON)).toBe(REFUSED);
    await first.pool.destroy();
    const [file = "", ...more] = await readdir(stateDir);
    const text = await readFile(join(stateDir, file), "utf8");
    expect([more, text.includes("poison for"), JSON.parse(text).length]).toEqual([[], false, 1]);
    const second = await created();
    expect(await outcome(second.pool, POISON)).toBe(REFUSED);
    expect([second.deaths, await outcome(second.pool, "fine")]).toEqual([[], "fine"]);
  });

  it("is pardoned, in the next pool as well, and found out again", async () => {
    const first = await created();
    expect(await outcome(first.pool, POISON)).toBe(REFUSED);
    expect([first.pool.pardon(), first.pool.pardon()]).toEqual([1, 0]);
    await first.pool.destroy();
    const { pool, deaths } = await created();
    expect(await outcome(pool, POISON)).toBe(REFUSED);
    await until(() => deaths.length === 2);
  });

  it("is forgotten after poisonMemory", async () => {
    const { pool, deaths } = await created({ poisonMemory: 1 });
    expect(await outcome(pool, POISON)).toBe(REFUSED);
    expect(await outcome(pool, POISON)).toBe(REFUSED);
    await until(() => deaths.length === 4);
  });

  it("does not reach another worker while it is under suspicion", async () => {
    const { pool, deaths } = await created({ workers: 2 });
    const died = workerEvent(pool, ({ state }) => state.name === "failed");
    const first = outcome(pool, POISON);
    await died;
    const twins = Array.from({ length: 5 }, () => outcome(pool, POISON));
    expect(await outcome(pool, "meanwhile")).toBe("meanwhile");
    expect([await first, ...(await Promise.all(twins))]).toEqual(Array(6).fill(REFUSED));
    await until(() => deaths.length === 2);
    expect(deaths.map(({ requests }) => requests)).toEqual([1, 1]);
  });

  it("does not give the model up, however many there are one after the other", async () => {
    const { pool, deaths } = await created();
    const failed: unknown[] = [];
    pool.on("failed", (failure) => failed.push(failure));
    for (let index = 0; index < 6; index += 1) {
      expect(await outcome(pool, `${POISON} ${index}`)).toBe(REFUSED);
      expect(await outcome(pool, `fine ${index}`)).toBe(`fine ${index}`);
    }
    await until(() => deaths.length === 12);
    expect(failed).toEqual([]);
  });

  it("never takes down a second worker that serves: random mixtures", async () => {
    const { pool, deaths } = await created({ workers: 2, slots: 3 });
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    for (let round = 0; round < 10; round += 1) {
      deaths.length = 0;
      const texts = Array.from(
        { length: 1 + random(12) },
        (_, index) => `text ${index} of ${round} !pace ${random(30)}`,
      );
      const at = random(texts.length);
      const results = texts.map((text, index) => {
        const answer = outcome(pool, text);
        return index === at ? [answer, outcome(pool, `${POISON} ${round}`)] : [answer];
      });
      const answers = await Promise.all(results.flat());
      expect(answers.toSorted()).toEqual([...texts, REFUSED].toSorted());
      await until(() => deaths.length === 2);
      expect(deaths[1]?.requests).toBe(1);
    }
  });
});

describe("a worker that is stopped from outside", () => {
  it("makes no suspects: its requests go to the others, and those that come go there as well", async () => {
    const { pool, deaths } = await created({ workers: 2 });
    const texts = Array.from({ length: 6 }, (_, index) => `text ${index} !pace 300`);
    const answers = texts.map((text) => outcome(pool, text));
    await arrived(pool, 6);
    process.kill(pool.stats().workers[0]?.pid ?? 0, "SIGSTOP");
    const late = outcome(pool, "late");
    expect(await Promise.all(answers)).toEqual(texts);
    expect(await late).toBe("late");
    expect(deaths.map(({ reason }) => reason)).toEqual(["stopped"]);
  });

  it("while it is idle does not hold the next request", async () => {
    const { pool, deaths } = await created();
    process.kill(pool.stats().workers[0]?.pid ?? 0, "SIGSTOP");
    expect(await outcome(pool, "hello")).toBe("hello");
    expect(deaths.map(({ reason }) => reason)).toEqual(["stopped"]);
  });
});

describe("a worker that is killed from outside", () => {
  it("makes no suspects: its requests go to the others at once", async () => {
    const { pool, deaths } = await created({ workers: 2 });
    const texts = Array.from({ length: 6 }, (_, index) => `text ${index} !pace 300`);
    const answers = texts.map((text) => outcome(pool, text));
    await arrived(pool, 6);
    process.kill(pool.stats().workers[0]?.pid ?? 0, "SIGKILL");
    expect(await Promise.all(answers)).toEqual(texts);
    expect(deaths.map(({ reason, requests }) => [reason, requests])).toEqual([["killed", 3]]);
  });

  it("by a signal that looks like a crash loses nothing either", async () => {
    const { pool, deaths } = await created({ workers: 2 });
    for (const signal of ["SIGSEGV", "SIGABRT", "SIGBUS"] as const) {
      const texts = Array.from({ length: 8 }, (_, index) => `text ${index} ${signal} !pace 300`);
      const answers = texts.map((text) => outcome(pool, text));
      await arrived(pool, 8);
      process.kill(pool.stats().workers[1]?.pid ?? 0, signal);
      expect(await Promise.all(answers)).toEqual(texts);
      await until(() => pool.stats().workers.every(({ state }) => state === "ready"));
    }
    expect(deaths.map(({ signal, requests }) => [signal, requests])).toEqual([
      ["SIGSEGV", 4],
      ["SIGABRT", 4],
      ["SIGBUS", 4],
    ]);
  });
});
