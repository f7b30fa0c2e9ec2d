import { expect, test } from "vitest";
import type { Plan } from "../../src/plan/plan.ts";
import { roll, type Step, transition } from "../../src/worker/transition.ts";
import { planOf } from "../real/worker-kit.ts";

/** "retire 0 1, start 2, retire 3" for each step, in the order in which it is done. */
function steps(from: Plan | null, to: Plan): string[] {
  const running = from === null ? { plan: to, workers: [] } : { plan: from, workers: from.workers };
  return transition(running, to).map(inWords);
}

function inWords({ retire, start, retireAfter }: Step): string {
  const retired = (numbers: readonly number[]) => (numbers.length > 0 ? [`retire ${numbers.join(" ")}`] : []);
  return [...retired(retire), ...(start ? [`start ${start.replica}`] : []), ...retired(retireAfter)].join(", ");
}

/** A plan where one worker and another that starts beside it take 230 bytes. */
function tight(plan: Plan, budget: number): Plan {
  const memory = { file: 100, repacked: 40, kv: 8, compute: 2, promptCache: 20, headroom: 10, budget };
  return { ...plan, memory: { ...plan.memory, ...memory } };
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

test("the last worker that serves stays until another does", () => {
  expect(steps(planOf([[0, 1]]), planOf([[0]]))).toEqual(["start 0, retire 0"]);
  expect(steps(planOf([[0], [1]]), planOf([[0, 1]]))).toEqual(["start 0, retire 0 1"]);
  expect(steps(planOf([[0, 1]]), planOf([[0], [1]]))).toEqual(["start 0, retire 0", "start 1"]);
});

test("it goes first where memory has no room for both", () => {
  expect(steps(tight(planOf([[0, 1]]), 230), tight(planOf([[0]]), 230))).toEqual(["start 0, retire 0"]);
  expect(steps(tight(planOf([[0, 1]]), 229), tight(planOf([[0]]), 229))).toEqual(["retire 0, start 0"]);
});

test("to no worker at all, and back", () => {
  expect(steps(planOf(2), planOf(0))).toEqual(["retire 0 1"]);
  expect(steps(planOf(0), planOf(2))).toEqual(["start 0", "start 1"]);
});

/** How the workers of a plan are started anew when these serve. */
function rolled(plan: Plan, serving: readonly number[]): string[] {
  return roll({ plan, workers: plan.workers }, new Set(serving)).map(inWords);
}

test("of several workers one after the other is started anew", () => {
  expect(rolled(planOf(3), [0, 1, 2])).toEqual(["retire 0, start 0", "retire 1, start 1", "retire 2, start 2"]);
  expect(rolled(planOf(0), [])).toEqual([]);
});

test("those that do not serve are started anew first", () => {
  expect(rolled(planOf(3), [0, 2])).toEqual(["retire 1, start 1", "retire 0, start 0", "retire 2, start 2"]);
  expect(rolled(planOf(2), [])).toEqual(["retire 0, start 0", "retire 1, start 1"]);
});

test("a worker that is alone stays until the new one serves, where there is room and it serves itself", () => {
  expect(rolled(tight(planOf(1), 230), [0])).toEqual(["start 0, retire 0"]);
  expect(rolled(tight(planOf(1), 229), [0])).toEqual(["retire 0, start 0"]);
  expect(rolled(tight(planOf(1), 230), [])).toEqual(["retire 0, start 0"]);
});
