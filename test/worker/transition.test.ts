import { expect, test } from "vitest";
import type { Plan } from "../../src/plan/plan.ts";
import { transition } from "../../src/worker/transition.ts";
import { planOf } from "../real/worker-kit.ts";

/** "retire 0 1, start 2" for each step. */
function steps(from: Plan | null, to: Plan): string[] {
  const running = from === null ? { plan: to, workers: [] } : { plan: from, workers: from.workers };
  return transition(running, to).map(({ retire, start }) =>
    [...(retire.length > 0 ? [`retire ${retire.join(" ")}`] : []), ...(start ? [`start ${start.replica}`] : [])].join(
      ", ",
    ),
  );
}

test("from nothing, all are started in order", () => {
  expect(steps(null, planOf(3))).toEqual(["start 0", "start 1", "start 2"]);
});

test("the same plan changes nothing", () => {
  expect(steps(planOf([[0], [1]]), planOf([[0], [1]]))).toEqual([]);
});

test("more of the same are added, fewer taken away", () => {
  expect(steps(planOf([[0], [1]]), planOf([[0], [1], [2]]))).toEqual(["start 2"]);
  expect(steps(planOf([[0], [1], [2]]), planOf([[0]]))).toEqual(["retire 1 2"]);
});

test("a CPU is given away before another gets it, and no worker ends before it must", () => {
  const two = planOf([
    [0, 1],
    [2, 3],
  ]);
  const four = planOf([[0], [1], [2], [3]]);
  expect(steps(two, four)).toEqual(["retire 0, start 0", "retire 1, start 1", "start 2", "start 3"]);
  expect(steps(four, two)).toEqual(["retire 0 1, start 0", "retire 2 3, start 1"]);
});

test("what all share cannot change while they run", () => {
  const plan = planOf(2);
  expect(steps(plan, { ...plan, context: 4096 })).toEqual(["retire 0, start 0", "retire 1, start 1"]);
  expect(steps(plan, { ...plan, warnings: ["only words"] })).toEqual([]);
});
