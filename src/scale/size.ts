import type { ResolvedPoolOptions } from "../config/pool-options.ts";
import { CorralError } from "../errors.ts";
import type { Plan } from "../plan/plan.ts";
import { leastWorkers } from "./limits.ts";

type SizeOptions = Pick<ResolvedPoolOptions, "workers" | "minWorkers" | "maxWorkers">;

/**
 * The plan of a pool that scales with its load, when all of it runs. Which of its workers run is decided later, so that
 * one more or fewer never disturbs the others. Pure.
 *
 * `maxWorkers` is a wish: there are as many as fit. More must not make each poorer: where memory for one more would be
 * taken from the requests' context or from speed, it does not fit.
 *
 * @param planOf the plan with so many workers; undefined: as many as suit the machine
 * @throws CorralError as `planOf` does, where not even the fewest fit
 */
export function sizedPlan(options: SizeOptions, cpus: number, planOf: (workers: number | undefined) => Plan): Plan {
  const { workers, minWorkers, maxWorkers } = options;
  if (maxWorkers === "auto") {
    const usual = planOf(workers === "auto" ? undefined : workers);
    return minWorkers !== "auto" && usual.workers.length < minWorkers ? planOf(minWorkers) : usual;
  }
  const least = planOf(Math.max(leastWorkers(options) ?? 1, workers === "auto" ? 1 : workers));
  for (let most = Math.min(maxWorkers, cpus); most > least.workers.length; most--) {
    const plan = ifItFits(() => planOf(most));
    if (plan !== null && isAsGood(plan, least)) return most === maxWorkers ? plan : withFewer(plan, maxWorkers);
  }
  return least.workers.length === maxWorkers ? least : withFewer(least, maxWorkers);
}

function ifItFits(plan: () => Plan): Plan | null {
  try {
    return plan();
  } catch (error) {
    if (error instanceof CorralError && error.code === "CORRAL_DOES_NOT_FIT") return null;
    throw error;
  }
}

function isAsGood(plan: Plan, least: Plan): boolean {
  return plan.context >= least.context && plan.repack === least.repack && plan.keyValueType === least.keyValueType;
}

function withFewer(plan: Plan, wanted: number): Plan {
  const sentence = `maxWorkers is ${wanted}: more than ${plan.workers.length} do not fit this machine.`;
  return { ...plan, warnings: [...plan.warnings, sentence] };
}
