import { describe, expect, test } from "vitest";
import type { PoolStats } from "../../src/pool-types.ts";
import { Observer } from "../../src/service/observer.ts";
import { feedInterval, keepFed, type Observation, shouldFeed } from "../../src/service/watchdog.ts";
import { stubPool } from "../fixtures/stub-pool.ts";

const idle: Observation = { inFlight: 0, sinceProgress: 9_000_000, limit: 1_000 };
const working: Observation = { inFlight: 3, sinceProgress: 999, limit: 1_000 };
const wedged: Observation = { inFlight: 1, sinceProgress: 1_000, limit: 1_000 };

test.each([
  [[], true],
  [[idle], true],
  [[working], true],
  [[wedged], false],
  [[wedged, working], true],
  [[wedged, wedged], false],
  // One that has nothing to do says nothing about whether anything works.
  [[wedged, idle], false],
])("%j is fed: %s", (models, fed) => {
  expect(shouldFeed(models)).toBe(fed);
});

test.each([
  [{}, null],
  [{ WATCHDOG_USEC: "30000000" }, 15_000],
  [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "7" }, 15_000],
  [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "8" }, null],
  [{ WATCHDOG_USEC: "0" }, null],
  [{ WATCHDOG_USEC: "soon" }, null],
])("%j for process 7: every %s ms", (env, interval) => {
  expect(feedInterval(env, 7)).toBe(interval);
});

test("feeds at once and again and again, tells once that it stopped, and feeds anew when something moves", async () => {
  const said: string[] = [];
  const seen = [[working], [wedged], [wedged], [working]];
  await new Promise<void>((resolve) => {
    const stop = keepFed({
      interval: 1,
      notifier: { watchdog: () => said.push("fed") },
      observe: () => {
        const next = seen.shift();
        if (seen.length === 0) {
          stop?.();
          queueMicrotask(resolve);
        }
        return next ?? [];
      },
      onWedged: () => said.push("wedged"),
    });
  });
  expect(said).toEqual(["fed", "wedged", "fed"]);
});

describe("what counts as progress", () => {
  const stats: PoolStats = { ...stubPool({ name: "m" }).stats(), slots: { total: 2, busy: 1 }, queued: 2, served: 5 };
  const worker = {
    id: "m#0.0",
    replica: 0,
    pid: 1,
    state: "ready",
    cpus: [],
    restarts: 0,
    lastFailure: null,
    slots: 2,
    inFlight: 1,
    served: 5,
    footprint: null,
    admitted: true,
  } as const;
  const limits = { stallTimeout: 1_000, startTimeout: 60_000 };

  /** The stats at each time in turn; what is seen at the last one. */
  function last(...looks: readonly (readonly [at: number, Partial<PoolStats>])[]): Observation | undefined {
    let now = 0;
    const observer = new Observer(() => now);
    return looks
      .map(([at, more]) => {
        now = at;
        return observer.observe([{ stats: () => ({ ...stats, ...more }), ...limits }])[0];
      })
      .at(-1);
  }

  test("an answer", () => {
    expect(last([0, {}], [5_000, {}])).toEqual({ inFlight: 3, sinceProgress: 5_000, limit: 15_000 });
    expect(last([0, {}], [5_000, { served: 6 }])?.sinceProgress).toBe(0);
    expect(last([0, {}], [5_000, { lost: 1 }], [6_000, { lost: 1 }])?.sinceProgress).toBe(1_000);
  });

  test("a byte of a long answer, from whichever worker", () => {
    const workers = [
      { ...worker, quiet: 4_000 },
      { ...worker, id: "m#1.0", quiet: 20 },
    ];
    expect(last([0, { workers }], [5_000, { workers }])?.sinceProgress).toBe(20);
  });

  test("a worker that changes, and one that starts may take its time", () => {
    const starting = { workers: [{ ...worker, state: "starting" as const }] };
    expect(last([0, starting], [5_000, starting])).toMatchObject({ sinceProgress: 5_000, limit: 90_000 });
    expect(last([0, starting], [5_000, { workers: [worker] }])).toMatchObject({ sinceProgress: 0, limit: 15_000 });
  });
});
