import { privateBytes } from "../plan/memory.ts";
import type { Plan, WorkerPlan } from "../plan/plan.ts";

/** One step from a plan to the next: end these replicas, then start that one, then end those. */
export interface Step {
  readonly retire: readonly number[];
  readonly start: WorkerPlan | null;
  /** Ended when the new one has been tried: they are all that serves. */
  readonly retireAfter: readonly number[];
}

/** The workers that there are, and the plan they were started by. */
export interface Running {
  readonly plan: Plan;
  readonly workers: readonly WorkerPlan[];
}

/**
 * How to get from the workers that run to those of a new plan. Pure. Workers whose plan is the same go on undisturbed;
 * a CPU is given away before it is given to another; otherwise as many as possible serve at any time.
 *
 * Where nobody would serve for a while, the last ones stay until the new one is ready, if memory allows: two workers
 * that share CPUs while one of them loads are slow, and none answers nothing.
 */
export function transition(running: Running, next: Plan): Step[] {
  const sameTerms = sharedTerms(running.plan) === sharedTerms(next);
  const isKept = (worker: WorkerPlan): boolean =>
    sameTerms && next.workers.some((other) => JSON.stringify(other) === JSON.stringify(worker));
  const kept = new Set(running.workers.filter(isKept).map(({ replica }) => replica));
  let leaving = running.workers.filter(({ replica }) => !kept.has(replica));

  const steps: Step[] = next.workers
    .filter(({ replica }) => !kept.has(replica))
    .map((start) => {
      const retire = leaving.filter((old) => old.replica === start.replica || overlap(old.cpus, start.cpus));
      leaving = leaving.filter((old) => !retire.includes(old));
      return { retire: retire.map(({ replica }) => replica), start, retireAfter: [] };
    });
  if (leaving.length > 0) steps.push({ retire: leaving.map(({ replica }) => replica), start: null, retireAfter: [] });
  return haveRoom(running, next) ? withoutGap(running.workers.length, steps) : steps;
}

/** A step that starts a worker in place of one that runs. */
export interface Renewal extends Step {
  readonly start: WorkerPlan;
}

/**
 * How to start every worker anew. Pure. One after the other, so that all but one serve at any time; first those that do
 * not serve, for whose new start nobody else need end. A worker that is alone stays until the new one is ready, where
 * memory has room for both.
 *
 * @param serving the numbers of those that serve
 */
export function roll(running: Running, serving: ReadonlySet<number>): Renewal[] {
  const { plan, workers } = running;
  const [only] = workers;
  if (only !== undefined && workers.length === 1 && serving.has(only.replica) && haveRoom(running, plan)) {
    return [{ retire: [], start: only, retireAfter: [only.replica] }];
  }
  const isServing = ({ replica }: WorkerPlan): boolean => serving.has(replica);
  return [...workers.filter((worker) => !isServing(worker)), ...workers.filter(isServing)].map((start) => {
    return { retire: [start.replica], start, retireAfter: [] };
  });
}

/** Puts off the end of the last workers that serve. */
function withoutGap(running: number, steps: readonly Step[]): Step[] {
  let serving = running;
  return steps.map((step) => {
    serving -= step.retire.length;
    const isGap = serving === 0 && step.start !== null;
    if (step.start !== null) serving += 1;
    return isGap ? { ...step, retire: [], retireAfter: step.retire } : step;
  });
}

/** Whether one worker of the next plan may be started beside all that run. */
function haveRoom({ plan, workers }: Running, { memory }: Plan): boolean {
  const old = workers.length * (privateBytes(plan.memory) + plan.memory.promptCache);
  const file = Math.max(plan.memory.file, memory.file);
  return file + old + privateBytes(memory) + memory.headroom <= memory.budget;
}

/** What all workers of a plan share and cannot change while they run. */
function sharedTerms({ model, slots, context, promptCache, repack, keyValueType, settings }: Plan): string {
  return JSON.stringify({ model, slots, context, promptCache, repack, keyValueType, settings });
}

function overlap(a: readonly number[], b: readonly number[]): boolean {
  return a.some((cpu) => b.includes(cpu));
}
