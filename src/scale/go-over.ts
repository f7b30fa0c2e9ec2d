import type { Plan } from "../plan/plan.ts";

const MIB = 1024 ** 2;

/** A prompt cache that could be so many times as large is worth a restart. */
const WORTH_A_RESTART = 4;

/**
 * The next plan, changed so that no worker is restarted for its prompt cache alone: that is sized by the memory that
 * happens to be free, which is never the same twice. The old size is kept where it fits and is not far too small. Pure.
 */
export function keepingPromptCache(running: Plan, next: Plan): Plan {
  const { memory, workers } = next;
  const promptCache = running.promptCache * MIB;
  const peak = memory.peak + workers.length * (promptCache - memory.promptCache);
  const isFarTooSmall = next.promptCache > WORTH_A_RESTART * running.promptCache;
  if (running.promptCache === next.promptCache || isFarTooSmall || peak > memory.budget) return next;
  return { ...next, promptCache: running.promptCache, memory: { ...memory, promptCache, peak } };
}

/** The plan with its share of the memory for prompt caches, where so many models share the machine. Pure. */
export function sharingPromptCache(plan: Plan, models: number): Plan {
  const { memory, workers } = plan;
  const promptCache = Math.floor(plan.promptCache / models);
  const peak = memory.peak - workers.length * (memory.promptCache - promptCache * MIB);
  return { ...plan, promptCache, memory: { ...memory, promptCache: promptCache * MIB, peak } };
}

/** Whether going from one plan to the other would start or end a worker. Pure. */
export function isSameToRun(a: Plan, b: Plan): boolean {
  return JSON.stringify(whatRuns(a)) === JSON.stringify(whatRuns(b));
}

function whatRuns({ model, workers, slots, context, promptCache, repack, keyValueType, settings }: Plan): unknown {
  return { model, workers, slots, context, promptCache, repack, keyValueType, settings };
}
