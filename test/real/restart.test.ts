import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import type { Pool, WorkerEvent } from "../../src/index.ts";
import { readMachine } from "../../src/machine/read.ts";
import { openPool } from "../../src/pool.ts";
import { type FakeBehaviour, fakeEngine } from "../fixtures/fake-engine.ts";
import {
  chat,
  isState,
  type Kit,
  planOf,
  removeDirs,
  superviseFake,
  until,
  workerEvent,
  zombies,
} from "./worker-kit.ts";

const kits: Kit[] = [];
const pools: Pool[] = [];
afterAll(removeDirs);
afterEach(async () => {
  await Promise.all(kits.splice(0).map(({ supervisor }) => supervisor.destroy()));
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  expect(zombies()).toEqual([]);
});

async function started(engine: Engine, workers: number): Promise<Kit> {
  const kit = superviseFake(engine, { plan: planOf(workers) });
  kits.push(kit);
  await kit.supervisor.start();
  kit.events.length = 0;
  return kit;
}

const said = (events: readonly WorkerEvent[]): string[] => events.map(({ id, state }) => `${id} ${state.name}`);

/** The fewest workers that served at once while these events came. */
function fewest(events: readonly WorkerEvent[], serving: Iterable<string>): number {
  const now = new Set(serving);
  const counts = events.map(({ id, state }) => {
    if (state.name === "ready") now.add(id);
    else now.delete(id);
    return now.size;
  });
  return Math.min(now.size, ...counts);
}

describe("a rolling restart", () => {
  it("replaces two workers one after the other", async () => {
    const { supervisor, events } = await started(fakeEngine(), 2);
    await supervisor.restart();
    const life = (old: string, now: string) => [`${old} draining`, `${old} stopped`, `${now} starting`, `${now} ready`];
    expect(said(events)).toEqual([...life("fake#0.0", "fake#0.1"), ...life("fake#1.0", "fake#1.1")]);
    expect(fewest(events, ["fake#0.0", "fake#1.0"])).toBe(1);
  });

  it("starts the successor of a worker that is alone before that one ends", async () => {
    const { supervisor, events } = await started(fakeEngine(), 1);
    await supervisor.restart();
    expect(said(events)).toEqual([...["fake#0.1 starting", "fake#0.1 ready", "fake#0.0 draining", "fake#0.0 stopped"]]);
    expect(fewest(events, ["fake#0.0"])).toBe(1);
  });

  it("lets running requests finish", async () => {
    const { supervisor, loads } = await started(fakeEngine({ paceMs: 20 }), 2);
    const text = "a long answer, one letter after the other";
    const answers = ["fake#0.0", "fake#1.0"].map((id) => chat(loads.get(id)!, text, { stream: true }));
    await until(() => ["fake#0.0", "fake#1.0"].every((id) => loads.get(id)!.inFlight === 1));
    await supervisor.restart();
    expect(await Promise.all(answers)).toEqual([text, text]);
  });

  it("stops at a worker that does not start anew, and the others go on", async () => {
    let isBroken = false;
    const engine = fakeEngine((): FakeBehaviour => (isBroken ? { exit: { code: 7 } } : {}));
    const { supervisor, events } = await started(engine, 2);
    isBroken = true;
    await expect(supervisor.restart()).rejects.toMatchObject({
      code: "CORRAL_WORKER_FAILED",
      facts: { failure: { exitCode: 7 } },
    });
    expect(said(events).filter((text) => text.startsWith("fake#1"))).toEqual([]);
    isBroken = false;
    await until(() => supervisor.snapshot().every(({ state }) => state === "ready"));
    await supervisor.restart();
    expect(supervisor.snapshot()).toMatchObject([
      { replica: 0, state: "ready" },
      { replica: 1, state: "ready", id: "fake#1.1" },
    ]);
  });

  it("keeps a worker that is alone where its successor does not start", async () => {
    const engine = fakeEngine(
      (start): FakeBehaviour =>
        start.endpoint.kind === "unix" && start.endpoint.socketPath.includes("0.1/") ? { exit: { code: 7 } } : {},
    );
    const { supervisor, events, loads } = await started(engine, 1);
    await expect(supervisor.restart()).rejects.toMatchObject({ code: "CORRAL_WORKER_FAILED" });
    expect(supervisor.snapshot()).toMatchObject([{ id: "fake#0.0", state: "ready" }]);
    expect(said(events).filter((text) => text.startsWith("fake#0.0"))).toEqual([]);
    expect(await chat(loads.get("fake#0.0")!, "still here")).toBe("still here");
    await supervisor.restart();
    expect(supervisor.snapshot()).toMatchObject([{ state: "ready", restarts: 0 }]);
  });

  it("begins with the worker that does not serve, and tries a model that was given up at once", async () => {
    let isBroken = false;
    const engine = fakeEngine((): FakeBehaviour => (isBroken ? { exit: { code: 7 } } : {}));
    const kit = superviseFake(engine, {
      plan: planOf(2),
      restarts: { backoff: { first: 1 }, breaker: { rest: 3_600_000 } },
    });
    kits.push(kit);
    const { supervisor, events } = kit;
    await supervisor.start();
    isBroken = true;
    const failed = new Promise((resolve) => supervisor.once("failed", resolve));
    for (const { pid } of supervisor.snapshot()) process.kill(pid!, "SIGKILL");
    await failed;
    isBroken = false;
    events.length = 0;
    await supervisor.restart();
    expect(supervisor.snapshot().map(({ state }) => state)).toEqual(["ready", "ready"]);
  });

  it("waits for a worker that is on its way back before it takes another away", async () => {
    const { supervisor, events, next } = await started(fakeEngine({ loadMs: 100 }), 2);
    const [, second] = supervisor.snapshot();
    const killed = next(isState("failed", 1));
    process.kill(second!.pid!, "SIGKILL");
    await killed;
    await supervisor.restart();
    expect(fewest(events, ["fake#0.0"])).toBe(1);
    expect(supervisor.snapshot().map(({ state }) => state)).toEqual(["ready", "ready"]);
  });

  it("comes one after the other with changes of the plan, and gives way to the end", async () => {
    const { supervisor } = await started(fakeEngine(), 2);
    await Promise.all([supervisor.restart(), supervisor.scale(planOf(3)), supervisor.restart()]);
    expect(supervisor.snapshot().map(({ id }) => id)).toEqual(["fake#0.2", "fake#1.2", "fake#2.1"]);
    const restarting = supervisor.restart();
    restarting.catch(() => {});
    await supervisor.destroy();
    await expect(restarting).rejects.toMatchObject({ code: "CORRAL_POOL_CLOSED" });
    await expect(supervisor.restart()).rejects.toMatchObject({ code: "CORRAL_POOL_CLOSED" });
  });
});

describe("a pool that is restarted", () => {
  it("answers every request of a load that never pauses, with all but one worker at any time", async () => {
    const pool = openPool({ workers: 2, slots: 2, threads: 1, probeInterval: 50 });
    pools.push(pool);
    await pool.ready();
    const events: WorkerEvent[] = [];
    const before = pool.stats().workers.map(({ id }) => id);
    pool.on("worker", (event) => events.push(event));
    const failures: unknown[] = [];
    let answered = 0;
    let isOver = false;
    const clients = Array.from({ length: 4 }, async (_, client) => {
      for (let n = 0; !isOver; n += 1) {
        const content = `client ${client} asks ${n}`;
        const answer = await pool
          .chat({ messages: [{ role: "user", content }] })
          .catch((error) => failures.push(error));
        if (typeof answer !== "number" && answer.choices[0]?.message.content === content) answered += 1;
        else failures.push(answer);
      }
    });
    for (let round = 0; round < 3; round += 1) await pool.restart();
    isOver = true;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(answered).toBe(pool.stats().served);
    expect(fewest(events, before)).toBe(1);
    expect(pool.stats().workers.map(({ id }) => id)).toEqual(["echo#0.3", "echo#1.3"]);
    process.stdout.write(`3 rolling restarts of 2 workers: ${answered} requests answered, ${failures.length} failed\n`);
  });

  it.each([1, 2])("does not wait for a long answer: it goes on in another worker (%i workers)", async (workers) => {
    const options = { workers, threads: 1, slots: 2, moveTimeout: 20, probeInterval: 50 };
    const pool = openPool(options, { engine: fakeEngine() });
    pools.push(pool);
    await pool.ready();
    const upstreams: (string | null)[] = [];
    pool.on("request", ({ upstream, attempts }) => upstreams.push(`${upstream} ${attempts > 1}`));
    const client = new AbortController();
    const endless = pool.chat({ messages: [{ role: "user", content: "!hang" }] }, client);
    endless.catch(() => {});
    await until(() => pool.stats().slots.busy === 1);
    await pool.restart();
    await until(() => pool.stats().slots.busy === 1);
    expect(pool.stats().workers.map(({ id }) => id)).toEqual(["echo#0.1", "echo#1.1"].slice(0, workers));
    client.abort(new Error("enough"));
    await expect(endless).rejects.toThrow("enough");
    expect(upstreams).toEqual([expect.stringMatching(/#[01]\.1 true$/)]);
  });

  it("holds requests where a worker that is alone has no room for another", async () => {
    const machine = await readMachine();
    const tight = { ...machine, memory: { ...machine.memory, available: 200 * 1024 ** 2 } };
    const pool = openPool(
      { workers: 1, slots: 2, threads: 1 },
      { engine: fakeEngine({ loadMs: 200 }), machine: tight },
    );
    pools.push(pool);
    await pool.ready();
    const events: WorkerEvent[] = [];
    pool.on("worker", (event) => events.push(event));
    const gone = workerEvent(pool, isState("stopped"));
    const restarted = pool.restart();
    await gone;
    expect([pool.state, pool.isReady]).toEqual(["ready", true]);
    const answer = pool.chat({ messages: [{ role: "user", content: "meanwhile" }] });
    expect((await answer).choices[0]?.message.content).toBe("meanwhile");
    await restarted;
    expect(said(events)).toEqual(["echo#0.0 draining", "echo#0.0 stopped", "echo#0.1 starting", "echo#0.1 ready"]);
    expect(pool.stats()).toMatchObject({ served: 1, lost: 0, refused: 0 });
  });

  it("has nothing to do asleep, and refuses once it is closed", async () => {
    const pool = openPool({ workers: 1, slots: 2, threads: 1, idleTimeout: 50 }, { engine: fakeEngine() });
    pools.push(pool);
    await pool.ready();
    await until(() => pool.state === "idle" && pool.stats().workers.length === 0);
    await pool.restart();
    expect([pool.state, pool.stats().workers]).toEqual(["idle", []]);
    await pool.close();
    await expect(pool.restart()).rejects.toMatchObject({ code: "CORRAL_POOL_CLOSED" });
  });
});
