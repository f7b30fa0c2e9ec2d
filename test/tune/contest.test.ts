import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Candidate, keyOf } from "../../src/tune/candidate.ts";
import { hold } from "../../src/tune/contest.ts";
import { Journal } from "../../src/tune/journal.ts";
import type { Stage } from "../../src/tune/search.ts";
import { TuneStore } from "../../src/tune/store.ts";
import { candidate, identity, method, record, sample } from "./kit.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "corral-contest-"));
});
afterEach(() => rm(folder, { recursive: true }));

const withWorkers = (workers: number): Candidate => candidate({ workers });
const stages: Stage<Candidate>[] = [
  { about: "workers", isOrdered: true, answers: () => [1, 2, 3, 4].map(withWorkers) },
];
/** By number of workers; 4 can't run. */
const SPEEDS = [0, 1, 2, 3];

interface Run {
  budget?: number;
  /** Interrupts in place of so many samples and all later ones. */
  interruptAfter?: number;
}

/** A contest on candidates whose speed is known, from what the store has. */
async function run({ budget = 1000, interruptAfter = Number.POSITIVE_INFINITY }: Run = {}) {
  const store = new TuneStore(folder);
  const journal = new Journal(store, (await store.read(identity)) ?? record({ tuned: null, isComplete: false }));
  const controller = new AbortController();
  const taken: number[] = [];
  const outcome = await hold({
    start: withWorkers(2),
    reference: withWorkers(1),
    stages,
    goal: "balanced",
    method,
    journal,
    budget,
    signal: controller.signal,
    report: () => {},
    take: async ({ workers }) => {
      if (taken.length >= interruptAfter) {
        controller.abort(new Error("enough"));
        controller.signal.throwIfAborted();
      }
      taken.push(workers);
      return workers === 4 ? [] : sample([[1, SPEEDS[workers] ?? 0]]);
    },
  });
  return { outcome, taken, stored: (await store.read(identity))?.trials.length };
}

describe("a contest", () => {
  it("ends with the best, and with all of its space known", async () => {
    const { outcome, taken, stored } = await run();
    expect(outcome.best).toEqual(withWorkers(3));
    expect(outcome).toMatchObject({ isComplete: true, wasInterrupted: false, tried: 4 });
    expect(new Set(taken)).toEqual(new Set([1, 2, 3, 4]));
    expect(stored).toBe(taken.length);
  });

  it("that is interrupted keeps what it has, and goes on from there without measuring it again", async () => {
    const whole = await run();
    await rm(join(folder, "tuned"), { recursive: true });
    const first = await run({ interruptAfter: 3 });
    expect(first.outcome).toMatchObject({ isComplete: false, wasInterrupted: true });
    expect(first.stored).toBe(3);
    const second = await run();
    expect([...first.taken, ...second.taken]).toEqual(whole.taken);
    expect(second.outcome).toEqual(whole.outcome);
  });

  it("that ends while the best is compared with the start once more keeps what it has found", async () => {
    const whole = await run();
    await rm(join(folder, "tuned"), { recursive: true });
    const { outcome } = await run({ interruptAfter: whole.taken.length - 1 });
    expect(outcome).toMatchObject({ best: withWorkers(3), wasInterrupted: true });
  });

  it("measures nothing without a budget, and takes nothing for better", async () => {
    const { outcome, taken } = await run({ budget: 0 });
    expect(outcome).toMatchObject({ isComplete: false, wasInterrupted: false });
    expect(taken).toEqual([]);
    expect(keyOf(outcome.best)).toBe(keyOf(withWorkers(2)));
  });
});
