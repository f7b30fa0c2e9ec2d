import { MIB, tokenBytes } from "../plan/memory.ts";
import type { Plan } from "../plan/plan.ts";
import type { Prior } from "../route/rates.ts";

/** What the plan lets expect of each of its workers, until their answers show it. */
export function expectationOf(plan: Plan): { readonly prior?: Prior; readonly cacheTokens: number } {
  const { workers, slots, promptCache, predicted, concurrency } = plan;
  const each = tokenBytes(plan);
  const cacheTokens = each > 0 ? Math.floor((promptCache * MIB) / each) : 0;
  if (predicted === null || predicted.prefill <= 0) return { cacheTokens };
  const busy = Math.max(1, Math.min(workers.length, concurrency));
  const running = Math.max(1, Math.min(slots, Math.round(concurrency / busy)));
  const prior = { promptRate: predicted.prefill / busy, answerPace: 1_000 * predicted.perToken, running };
  return { prior, cacheTokens };
}
