import type { PoolStats } from "../pool-types.ts";

/** "2 of 3 models ready, 5 requests". Pure. */
export function statusText(models: readonly PoolStats[]): string {
  const ready = models.filter(({ state }) => state === "ready" || state === "idle").length;
  const failed = models.filter(({ state }) => state === "failed").map(({ name }) => name);
  const requests = models.reduce((sum, { queued, slots }) => sum + queued + slots.busy, 0);
  return [
    `${ready} of ${models.length} model${models.length === 1 ? "" : "s"} ready`,
    ...(failed.length > 0 ? [`failed: ${failed.join(", ")}`] : []),
    `${requests} request${requests === 1 ? "" : "s"}`,
  ].join(", ");
}
