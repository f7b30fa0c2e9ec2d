import { describe, expect, it } from "vitest";
import { coloursFor } from "../../src/cli/terminal/colour.ts";
import { linesFor } from "../../src/cli/tune/progress.ts";
import { renderReport } from "../../src/cli/tune/report.ts";
import { duration } from "../../src/cli/tune.ts";
import type { TuneReport } from "../../src/index.ts";
import { samplePlan } from "../fixtures/sample-plan.ts";
import { figures, method, tuned } from "../tune/kit.ts";

const report: TuneReport = {
  plan: samplePlan,
  tuned,
  names: { untuned: "2 x 1 thread, 4 slots", tuned: "1 x 2 threads, 8 slots" },
  comparisons: [{ concurrency: 8, isNoisy: true, untuned: figures(1), tuned: figures(2) }],
  isComplete: true,
  wasInterrupted: false,
  file: "/cache/tuned/a.json",
  warnings: ["It was noisy."],
};
const shown = (change: Partial<TuneReport> = {}) =>
  renderReport({ ...report, ...change }, { model: "./a.gguf", colours: coloursFor({ isTTY: false }) });

describe("the report of a tuning", () => {
  it("sets the plan without tuning against the best, with the ratio and the next step", () => {
    const text = shown();
    expect(text).toMatch(/8 {2}busy +10\.0 +20\.0 +2\.00x +0\.500 +0\.250 +2\.00x/);
    expect(text).toContain("! It was noisy.");
    expect(text).toContain("corral serve ./a.gguf uses it");
    expect(text).not.toContain("goes on from here");
  });

  it("says how to go on where it ended early", () => {
    expect(shown({ isComplete: false })).toContain("The budget ended");
    expect(shown({ isComplete: false, wasInterrupted: true })).toContain("Interrupted");
    expect(shown({ tuned: null, comparisons: [] })).toContain("To go on: corral tune ./a.gguf");
  });

  it("says so where nothing was better", () => {
    expect(shown({ names: { untuned: "a", tuned: "a" } })).toContain("nothing measured better");
  });
});

describe("the progress of a tuning", () => {
  it("has a line for each measurement and the best so far at each question", () => {
    const standing = { name: "1 x 2 threads", ratio: 1.25, samples: 3, isBest: true };
    const progress = { spent: 12, budget: 300, tried: 4 };
    expect(linesFor({ kind: "sample", name: standing.name, standing, progress })).toEqual([
      "12 of 300 s: 1 x 2 threads: 1.25x",
    ]);
    const board = [standing, { ...standing, name: "2 x 1 thread", ratio: 1, isBest: false }];
    expect(linesFor({ kind: "question", about: "batch", board }).join("\n")).toMatch(/\* 1 x 2 threads +1\.25x +3/);
  });

  it("begins with how it judges, and with what an earlier run has left", () => {
    const [line, kept] = linesFor({ kind: "begin", plan: samplePlan, method: { ...method, robust: true }, kept: 7 });
    expect(line).toContain("64 prompt and 32 answer tokens, with and without a busy neighbour");
    expect(kept).toContain("7 measurements");
  });
});

describe("a budget", () => {
  it("is a time with its unit, or seconds", () => {
    expect(["90", "90s", "1.5m", "1h"].map(duration)).toEqual([90, 90, 90, 3600]);
    for (const bad of ["", "0", "5 m", "m", "-1s", "1d"]) expect(() => duration(bad)).toThrow("90s, 5m or 1h");
  });
});
