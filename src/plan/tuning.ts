import type { PlanOverrides } from "./plan.ts";
import type { Tuned } from "./tuned.ts";

/** What is fixed when measurements are used: what the user fixed goes before them. */
export function withTuned(overrides: PlanOverrides, tuned: Tuned | null): PlanOverrides {
  if (tuned === null) return overrides;
  const { workers, threads, slots, repack, keyValueType } = tuned;
  // Settings do well in other splits, too; what takes memory belongs to the split that it was measured with.
  const { mapWeights, ...settings } = tuned.settings;
  if (!splitIsTuned(overrides, tuned)) return { ...overrides, settings: { ...settings, ...overrides.settings } };
  return {
    workers,
    threads,
    slots,
    context: overrides.context,
    repack: overrides.repack ?? repack,
    keyValueType: overrides.keyValueType ?? keyValueType,
    promptCache: overrides.promptCache,
    settings: { ...settings, mapWeights, ...overrides.settings },
  };
}

/** Whether the user left the tuned split as it is. */
export function splitIsTuned(overrides: PlanOverrides, tuned: Tuned): boolean {
  return (["workers", "threads", "slots"] as const).every(
    (field) => (overrides[field] ?? tuned[field]) === tuned[field],
  );
}

/**
 * Why measurements can't be used, for people; null where they can.
 * @param cores that a plan may use, the gateway's among them
 */
export function whyUnusable(tuned: Tuned, asked: { concurrency?: number | undefined }, cores: number): string | null {
  const { workers, threads, concurrency } = tuned;
  if (asked.concurrency !== undefined && asked.concurrency !== concurrency)
    return `It was tuned for ${concurrency} requests at once, and ${asked.concurrency} are expected: tune again for those.`;
  if (workers * threads > cores)
    return `It was tuned on more cores (${workers} x ${threads} threads) than the ${cores} there are now: tune again.`;
  return null;
}
