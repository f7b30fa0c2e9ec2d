import type { Figures } from "../../src/plan/goal.ts";
import type { Tuned } from "../../src/plan/tuned.ts";
import type { Candidate } from "../../src/tune/candidate.ts";
import type { TuneIdentity } from "../../src/tune/identity.ts";
import type { Sample } from "../../src/tune/judge.ts";
import type { Method, TuneRecord } from "../../src/tune/record.ts";
import { samplePlan } from "../fixtures/sample-plan.ts";

export const candidate = (change: Partial<Candidate> = {}): Candidate => ({
  workers: 2,
  threads: 1,
  slots: 4,
  repack: true,
  keyValueType: "f16",
  settings: samplePlan.settings,
  ...change,
});

/** Figures of a machine so many times as quick as one of 10 tokens a second. */
export const figures = (speed: number): Figures => ({
  prefill: 100 * speed,
  decode: 10 * speed,
  firstToken: 0.5 / speed,
  perToken: 0.1 / speed,
});

/** One cell for each: [requests at once, speed], quiet unless said otherwise. */
export const sample = (cells: readonly (readonly [number, number])[], isNoisy = false): Sample =>
  cells.map(([concurrency, speed]) => ({ concurrency, isNoisy, figures: figures(speed) }));

export const identity: TuneIdentity = {
  machine: { fingerprint: "m1", cpuModel: "AMD EPYC", cpus: 2, cpuQuota: null },
  build: "b1",
  model: { path: "/models/a.gguf", content: "c1" },
  engine: "llama",
  goal: "balanced",
  concurrency: 8,
};

export const tuned: Tuned = {
  ...candidate(),
  goal: "balanced",
  concurrency: 8,
  figures: figures(2),
  untuned: figures(1),
  robust: true,
  tried: 9,
  measuredAt: "2026-01-02T03:04:05.000Z",
};

export const method: Method = {
  robust: false,
  levels: [1],
  tokens: { prompt: 64, answer: 32 },
  context: 1024,
  start: "start",
};

export const record = (change: Partial<TuneRecord> = {}): TuneRecord => ({
  format: 1,
  identity,
  method,
  trials: [],
  tuned,
  isComplete: true,
  ...change,
});
