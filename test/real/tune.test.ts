import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TuneStore } from "../../src/tune/store.ts";
import { type TuneEvent, type TuneOptions, tunePool } from "../../src/tune.ts";
import { zombies } from "./worker-kit.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "corral-tune-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  expect(zombies()).toEqual([]);
});

/** Short: one request at a time on one thread, and little that is not fixed. */
const options = {
  model: "echo",
  concurrency: 1,
  context: 512,
  workers: 1,
  threads: 1,
  slots: 1,
  batch: 64,
  keyValueType: "f16",
  sharedCache: false,
  hugePages: false,
  mapWeights: true,
} as const;

const tune = (tuning: TuneOptions) => tunePool(options, { robust: false, ...tuning }, { cacheDir: folder });

describe("tuning the echo model on llama-server", { timeout: 300_000 }, () => {
  it("measures candidates, stores the best of them, and leaves no process", async () => {
    const events: TuneEvent[] = [];
    const report = await tune({ budget: 600, report: (event) => events.push(event) });
    expect(report).toMatchObject({ isComplete: true, wasInterrupted: false });
    const { tuned, plan, comparisons } = report;
    expect(tuned).toMatchObject({ goal: "balanced", concurrency: 1, workers: 1, threads: 1, slots: 1 });
    expect(tuned?.tried).toBeGreaterThan(1);
    expect(tuned?.figures.decode).toBeGreaterThan(0);
    expect(comparisons).toHaveLength(1);
    expect(plan.settings.spin).toBe("active");

    const [record] = await new TuneStore(folder).all();
    expect(record?.tuned).toEqual(tuned);
    const samples = events.filter(({ kind }) => kind === "sample");
    expect(record?.trials).toHaveLength(samples.length);
    expect(new Set(record?.trials.map(({ candidate }) => candidate)).size).toBe(tuned?.tried);
  });

  it("that is interrupted keeps what was measured, and goes on with it", async () => {
    const controller = new AbortController();
    const interrupted = await tune({
      budget: 600,
      signal: controller.signal,
      report: ({ kind }) => {
        if (kind === "sample") controller.abort();
      },
    });
    expect(interrupted).toMatchObject({ tuned: null, wasInterrupted: true, isComplete: false });
    const [before] = await new TuneStore(folder).all();
    expect(before?.trials).toHaveLength(1);

    let kept = 0;
    const resumed = await tune({
      budget: 1,
      report: (event) => {
        if (event.kind === "begin") kept = event.kept;
      },
    });
    expect(kept).toBe(1);
    const [after] = await new TuneStore(folder).all();
    expect(after?.trials[0]).toEqual(before?.trials[0]);
    expect(resumed.file).toContain(folder);
  });

  it("refuses what it can't tune before anything is started", async () => {
    await expect(tunePool({ ...options, threads: 10_000 }, {}, { cacheDir: folder })).rejects.toMatchObject({
      code: "CORRAL_DOES_NOT_FIT",
    });
  });
});
