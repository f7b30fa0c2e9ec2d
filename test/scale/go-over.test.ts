import { expect, test } from "vitest";
import type { Plan } from "../../src/plan/plan.ts";
import { isSameToRun, keepingPromptCache, sharingPromptCache } from "../../src/scale/go-over.ts";
import { planOf } from "../real/worker-kit.ts";

const MIB = 1024 ** 2;

/** Everything but the prompt caches takes 1000 MiB. */
function cached(workers: number, promptCache: number, budget = 4_000): Plan {
  const plan = planOf(workers);
  const memory = {
    ...plan.memory,
    promptCache: promptCache * MIB,
    peak: (1_000 + workers * promptCache) * MIB,
    budget: budget * MIB,
  };
  return { ...plan, promptCache, memory };
}

test("the prompt cache stays as it is where it fits", () => {
  const next = keepingPromptCache(cached(2, 700), cached(1, 900));
  expect(next).toMatchObject({ promptCache: 700, memory: { promptCache: 700 * MIB, peak: 1_700 * MIB } });
  expect(keepingPromptCache(cached(1, 900), cached(2, 500)).promptCache).toBe(900);
});

test("where it does not fit, or is far too small, it is another", () => {
  expect(keepingPromptCache(cached(1, 900), cached(2, 500, 2_700)).promptCache).toBe(500);
  expect(keepingPromptCache(cached(1, 10), cached(1, 500)).promptCache).toBe(500);
});

test("plans that differ in words and ledgers alone are the same to run", () => {
  const plan = cached(2, 700);
  expect(isSameToRun(plan, { ...plan, warnings: ["words"], memory: cached(2, 1).memory })).toBe(true);
  expect(isSameToRun(plan, { ...plan, context: 99 })).toBe(false);
  expect(isSameToRun(cached(2, 700), cached(1, 700))).toBe(false);
});

test("models that share a machine share what there is for prompt caches", () => {
  expect(sharingPromptCache(cached(2, 700), 3)).toMatchObject({
    promptCache: 233,
    memory: { promptCache: 233 * MIB, peak: 1_466 * MIB },
  });
  expect(sharingPromptCache(cached(2, 700), 1)).toEqual(cached(2, 700));
});
