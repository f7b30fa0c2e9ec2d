import { expect, test } from "vitest";
import { candidatesFor } from "../../src/plan/candidates.ts";
import { choose } from "../../src/plan/choose.ts";
import { expectedLoad, usualConcurrency } from "../../src/plan/expected-load.ts";
import type { Goal } from "../../src/plan/goal.ts";
import type { MemoryLedger } from "../../src/plan/plan.ts";
import type { Seat } from "../../src/plan/seats.ts";
import { evenDivisions } from "../../src/plan/split.ts";

/** Seats of so many cores in each cache; "/" begins another domain. */
function seatsOf(...caches: readonly (number | "/")[]): Seat[] {
  let domain = 0;
  return caches.flatMap((size, cache) => {
    if (size === "/") domain += 1;
    const count = size === "/" ? 0 : size;
    return Array.from({ length: count }, (_, n) => ({ cpu: 100 * cache + n, domain: `${domain}`, cache: `${cache}` }));
  });
}

test.each([
  [[1], [1]],
  [[2], [1, 2]],
  [[3], [1, 2, 3]],
  [[8], [1, 2, 4, 8]],
  // One core of eight is the gateway's.
  [[7], [1, 2, 4, 7]],
  [
    [7, 8],
    [1, 2, 4, 8, 15],
  ],
  [
    [8, 8, 8],
    [1, 3, 6, 12, 24],
  ],
  // Nobody alone over two domains, and the small cache keeps a worker of its own.
  [
    [8, "/", 8],
    [2, 4, 8, 16],
  ],
  [
    [8, 1],
    [1, 2, 3, 5, 9],
  ],
] as const)("caches of %j cores are divided among %j workers", (caches, workers) => {
  expect(evenDivisions(seatsOf(...caches))).toEqual(workers);
});

test("slots are one, or as many fours as the requests of a worker need, up to eight", () => {
  const slotsFor = (concurrency: number) =>
    candidatesFor(seatsOf(4), { workers: 2 }, { mostSlots: 100, usualSlots: 4 }, concurrency).map(({ slots }) => slots);
  expect(slotsFor(2)).toEqual([1]);
  expect(slotsFor(3)).toEqual([1, 4]);
  expect(slotsFor(9)).toEqual([1, 4, 8]);
  expect(slotsFor(99)).toEqual([1, 4, 8]);
  const one = candidatesFor(seatsOf(4), { workers: 2 }, { mostSlots: 1, usualSlots: 1 }, 9);
  expect(one).toEqual([{ workers: 2, threads: 2, slots: 1 }]);
});

const load = expectedLoad(8, 8192, "text");

/** Chooses among splits of which only the tokens a second and the memory are known. */
function chosenOf(goal: Goal, splits: Readonly<Record<number, readonly [rate: number, peak: number]>>) {
  const known = (workers: number) => splits[workers] ?? [0, 0];
  const candidates = Object.keys(splits).map((workers) => ({ workers: Number(workers), threads: 1, slots: 4 }));
  const { chosen, unlimited } = choose(candidates, {
    goal,
    load,
    predict: ({ workers }) => {
      const [rate] = known(workers);
      return { prefill: 10 * rate, decode: rate, firstToken: 100 / rate, perToken: 8 / rate };
    },
    ledgerOf: ({ workers }) => ({ ...NO_MEMORY, peak: known(workers)[1], budget: 10 }),
  });
  return { chosen: chosen.workers, unlimited: unlimited.workers };
}

const NO_MEMORY: MemoryLedger = {
  file: 0,
  unpacked: 0,
  repacked: 0,
  kv: 0,
  compute: 0,
  promptCache: 0,
  headroom: 0,
  total: 0,
  peak: 0,
  budget: 0,
};

test("the best is chosen, and of those that tie the one of fewest workers that is not alone", () => {
  expect(chosenOf("balanced", { 1: [50, 1], 2: [90, 1], 4: [100, 1] }).chosen).toBe(4);
  expect(chosenOf("balanced", { 1: [50, 1], 2: [96, 1], 4: [100, 1] }).chosen).toBe(2);
  expect(chosenOf("latency", { 1: [98, 1], 2: [96, 1], 4: [100, 1] }).chosen).toBe(2);
});

test("a worker alone must win by far, but where one answer is wanted soon", () => {
  const splits = { 1: [120, 1], 2: [100, 1] } as const;
  expect(chosenOf("balanced", splits).chosen).toBe(2);
  expect(chosenOf("latency", splits).chosen).toBe(1);
  expect(chosenOf("throughput", { 1: [160, 1], 2: [100, 1] }).chosen).toBe(1);
});

test("what does not fit is left aside, unless requests would have to wait; then other things are given up", () => {
  // 8 requests at once, 4 slots a worker.
  expect(chosenOf("balanced", { 2: [50, 9], 4: [100, 11] })).toEqual({ chosen: 2, unlimited: 4 });
  expect(chosenOf("balanced", { 1: [50, 9], 4: [100, 11] })).toEqual({ chosen: 4, unlimited: 4 });
  expect(chosenOf("balanced", { 2: [50, 12], 4: [100, 20] })).toEqual({ chosen: 4, unlimited: 4 });
});

test("who expects nothing in particular gets sequences by the cores", () => {
  expect([2, 16, 95].map((cores) => usualConcurrency("balanced", cores))).toEqual([4, 8, 48]);
  expect([2, 16, 95].map((cores) => usualConcurrency("latency", cores))).toEqual([2, 4, 24]);
  expect([2, 16, 95].map((cores) => usualConcurrency("throughput", cores))).toEqual([8, 16, 96]);
});

test("what embeds has no answer, and a prompt leaves room in a short context", () => {
  expect(expectedLoad(4, 512, "embedding")).toEqual({ concurrency: 4, prompt: 409, answer: 0 });
  expect(expectedLoad(4, 100, "text")).toEqual({ concurrency: 4, prompt: 80, answer: 20 });
});
