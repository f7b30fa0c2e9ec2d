import type { Plan } from "../plan/plan.ts";
import type { Prior } from "../route/rates.ts";

const MIB = 1024 * 1024;

/** What the plan lets expect of each of its workers, until their answers show it. */
export function expectationOf({ workers, slots, context, promptCache, memory, predicted, concurrency }: Plan): {
  readonly prior?: Prior;
  readonly cacheTokens: number;
} {
  const tokenBytes = memory.kv / (slots * context);
  const cacheTokens = tokenBytes > 0 ? Math.floor((promptCache * MIB) / tokenBytes) : 0;
  if (predicted === null || predicted.prefill <= 0) return { cacheTokens };
  const busy = Math.max(1, Math.min(workers.length, concurrency));
  const running = Math.max(1, Math.min(slots, Math.round(concurrency / busy)));
  const prior = { promptRate: predicted.prefill / busy, answerPace: 1_000 * predicted.perToken, running };
  return { prior, cacheTokens };
}
