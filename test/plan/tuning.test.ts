import { expect, test } from "vitest";
import { makePlan } from "../../src/plan/make.ts";
import type { PlanOverrides, PlanWish } from "../../src/plan/plan.ts";
import type { Tuned } from "../../src/plan/tuned.ts";
import { knownMachine } from "./known-machine.ts";
import { llama } from "./llama.ts";
import { halfBillion } from "./models.ts";

const figures = { prefill: 900, decode: 123, firstToken: 0.5, perToken: 0.03 };

const tuned: Tuned = {
  goal: "throughput",
  concurrency: 8,
  workers: 4,
  threads: 2,
  slots: 4,
  repack: false,
  keyValueType: "q8_0",
  settings: {
    batch: 64,
    flashAttention: "on",
    spin: "passive",
    speculation: "off",
    sharedCache: false,
    hugePages: true,
    mapWeights: true,
  },
  figures,
  untuned: { ...figures, decode: 100 },
  robust: true,
  tried: 17,
  measuredAt: "2026-01-02T03:04:05.000Z",
};

async function planOn(machine: string, wish: PlanWish, overrides: PlanOverrides = {}) {
  return makePlan(await knownMachine(machine), halfBillion, llama, overrides, { goal: "throughput", ...wish });
}

test("what was measured goes before what is predicted", async () => {
  const plan = await planOn("desktop-16-cores", { tuned });
  expect(plan).toMatchObject({
    concurrency: 8,
    slots: 4,
    repack: false,
    keyValueType: "q8_0",
    settings: tuned.settings,
    predicted: figures,
  });
  expect(plan.workers.map(({ threads }) => threads)).toEqual([2, 2, 2, 2]);
  expect(plan.why.find(({ about }) => about === "tuning")).toMatchObject({
    choice: "measured on 2026-01-02, beside a busy neighbour",
    because: expect.stringMatching(/^of 17 shapes 4 workers x 2 threads x 4 slots gave most: 120 tok\/s.* 100 tok\/s/),
  });
});

test("what the user fixed goes before what was measured", async () => {
  const settings = { spin: "active" } as const;
  const sameSplit = await planOn("desktop-16-cores", { tuned }, { slots: 4, repack: true, settings });
  expect(sameSplit).toMatchObject({ repack: true, keyValueType: "q8_0", predicted: figures });
  expect(sameSplit.settings).toEqual({ ...tuned.settings, spin: "active" });
  const otherSplit = await planOn("desktop-16-cores", { tuned }, { workers: 2 });
  expect(otherSplit.workers.map(({ threads }) => threads)).toEqual([7, 8]);
  expect(otherSplit).toMatchObject({ settings: tuned.settings, keyValueType: "f16" });
  expect(otherSplit.predicted).not.toEqual(figures);
});

test("a copy of the weights in each worker belongs to the split that it was measured with", async () => {
  const copying: Tuned = { ...tuned, workers: 1, settings: { ...tuned.settings, mapWeights: false } };
  const sameSplit = await planOn("desktop-16-cores", { tuned: copying });
  expect(sameSplit.settings.mapWeights).toBe(false);
  const otherSplit = await planOn("desktop-16-cores", { tuned: copying }, { workers: 2 });
  expect(otherSplit.settings).toEqual({ ...tuned.settings, mapWeights: true });
});

test.each([
  ["fewer cores", "vps-2-cores", {}, /tuned on more cores \(4 x 2 threads\) than the 2 there are now/],
  ["another concurrency", "desktop-16-cores", { concurrency: 32 }, /tuned for 8 requests at once, and 32 are expected/],
] as const)("measurements of %s are not used, and a warning says so", async (_, machine, wish, warning) => {
  const plan = await planOn(machine, { ...wish, tuned });
  expect(plan).toEqual(await planOn(machine, { ...wish, stale: [plan.warnings[0] ?? ""] }));
  expect(plan.warnings[0]).toMatch(warning);
  expect(plan.why.find(({ about }) => about === "tuning")).toMatchObject({ choice: "not used" });
});

test("a tuned plan that memory is no longer there for is not used either", async () => {
  const machine = await knownMachine("desktop-16-cores");
  const small = { ...machine, memory: { ...machine.memory, available: 1024 ** 3 } };
  const plan = makePlan(small, halfBillion, llama, {}, { goal: "throughput", tuned: { ...tuned, repack: true } });
  expect(plan.warnings[0]).toMatch(/^The tuned plan takes more memory than there is now/);
  expect(plan.memory.peak).toBeLessThanOrEqual(plan.memory.budget);
});

test("what is stale is said first", async () => {
  const plan = await planOn("vps-2-cores", { stale: ["It was tuned on another CPU."] });
  expect(plan.warnings[0]).toBe("It was tuned on another CPU.");
});
