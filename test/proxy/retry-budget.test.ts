import { expect, test } from "vitest";
import { RetryBudget } from "../../src/proxy/retry-budget.ts";

const taken = (budget: RetryBudget, times: number, now: number): number =>
  Array.from({ length: times }, () => budget.take(now)).filter(Boolean).length;

test("a lone request may be sent again, and twenty in ten seconds, whatever the share", () => {
  const budget = new RetryBudget(0, 0);
  expect(taken(budget, 100, 0)).toBe(20);
  expect(taken(budget, 100, 5_000)).toBe(10);
  expect(taken(budget, 100, 60_000)).toBe(20);
});

test("beyond that a share of all requests", () => {
  const budget = new RetryBudget(0.25, 0);
  taken(budget, 20, 0);
  for (let request = 0; request < 40; request += 1) budget.add();
  expect(taken(budget, 100, 0)).toBe(10);
});

test("what was saved up in good times is bounded", () => {
  const budget = new RetryBudget(0.5, 0);
  for (let request = 0; request < 10_000; request += 1) budget.add();
  expect(taken(budget, 1_000, 0)).toBe(200);
});
