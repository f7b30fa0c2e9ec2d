import { expect, test } from "vitest";
import { poolOptions } from "../../src/config/pool-options.ts";
import { CorralError } from "../../src/errors.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { firstWorkers, scaleLimitsOf } from "../../src/scale/limits.ts";
import { sizedPlan } from "../../src/scale/size.ts";
import { planOf } from "../real/worker-kit.ts";

type Options = Parameters<typeof poolOptions.parse>[0];

/** A machine that suits two workers and has room for five, the fourth and fifth with less context. */
function planned(workers = 2): Plan {
  if (workers > 5) throw new CorralError("CORRAL_DOES_NOT_FIT", "too many");
  return { ...planOf(workers), context: workers > 3 ? 1024 : 2048 };
}

/** [workers of the plan, least, those to start with] */
function sizes(options: Options): number[] {
  const resolved = poolOptions.parse(options);
  const plan = sizedPlan(resolved, 16, planned);
  const limits = scaleLimitsOf(resolved, plan);
  expect(limits.most).toBe(plan.workers.length);
  return [limits.most, limits.least, firstWorkers(resolved, limits)];
}

test("without a range all of the plan runs", () => {
  expect(sizes({})).toEqual([2, 2, 2]);
  expect(sizes({ workers: 4 })).toEqual([4, 4, 4]);
});

test("a range moves the number within the plan", () => {
  expect(sizes({ minWorkers: 1 })).toEqual([2, 1, 1]);
  expect(sizes({ minWorkers: 3 })).toEqual([3, 3, 3]);
  expect(sizes({ maxWorkers: 3 })).toEqual([3, 1, 1]);
  expect(sizes({ minWorkers: 2, maxWorkers: 3 })).toEqual([3, 2, 2]);
  expect(sizes({ workers: 2, maxWorkers: 3 })).toEqual([3, 2, 2]);
  expect(sizes({ workers: 2, minWorkers: 1, maxWorkers: 3 })).toEqual([3, 1, 2]);
});

test("no more workers than fit without making each poorer", () => {
  expect(sizes({ maxWorkers: 64 })).toEqual([3, 1, 1]);
  expect(sizedPlan(poolOptions.parse({ maxWorkers: 64 }), 16, planned).warnings).toEqual([
    "maxWorkers is 64: more than 3 do not fit this machine.",
  ]);
  expect(sizedPlan(poolOptions.parse({ maxWorkers: 3 }), 16, planned).warnings).toEqual([]);
  expect(sizes({ minWorkers: 5, maxWorkers: 9 })).toEqual([5, 5, 5]);
});

test("fewer than the least is no plan", () => {
  expect(() => sizes({ minWorkers: 6, maxWorkers: 9 })).toThrow(CorralError);
});

test("options that contradict each other are refused", () => {
  expect(poolOptions.safeParse({ minWorkers: 3, maxWorkers: 2 }).error?.issues).toMatchObject([
    { path: ["minWorkers"], message: "at most maxWorkers" },
  ]);
  expect(poolOptions.safeParse({ workers: 3, maxWorkers: 2 }).success).toBe(false);
  expect(poolOptions.safeParse({ workers: 3, minWorkers: 4 }).success).toBe(false);
});
