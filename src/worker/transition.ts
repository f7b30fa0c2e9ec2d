import type { Plan, WorkerPlan } from "../plan/plan.ts";

/** One step from a plan to the next: end these replicas, then start that one. */
export interface Step {
  readonly retire: readonly number[];
  readonly start: WorkerPlan | null;
}

/** The workers that there are, and the plan they were started by. */
export interface Running {
  readonly plan: Plan;
  readonly workers: readonly WorkerPlan[];
}

/**
 * How to get from the workers that run to those of a new plan. Pure. Workers whose plan is the same go on undisturbed;
 * a CPU is given away before it is given to another; otherwise as many as possible serve at any time.
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
      return { retire: retire.map(({ replica }) => replica), start };
    });
  return leaving.length === 0 ? steps : [...steps, { retire: leaving.map(({ replica }) => replica), start: null }];
}

/** What all workers of a plan share and cannot change while they run. */
function sharedTerms({ model, slots, context, promptCache, repack, keyValueType, settings }: Plan): string {
  return JSON.stringify({ model, slots, context, promptCache, repack, keyValueType, settings });
}

function overlap(a: readonly number[], b: readonly number[]): boolean {
  return a.some((cpu) => b.includes(cpu));
}
