import { diedLoading } from "./failure.ts";
import type { Failure } from "./state.ts";

/**
 * Whether the workers of a model repack their weights, after what has happened: "planned" while the plan decides,
 * "suspected" once a worker died loading (none does it from then on), "cleared" when one died without it as well: the
 * plan decides again, and it is not suspected a second time.
 */
export type Repacking = "planned" | "suspected" | "cleared";

/** Pure. A worker failed, and it is not merely tried again without repacking. */
export function afterFailedStart(repacking: Repacking, failure: Failure): Repacking {
  return repacking === "suspected" && diedLoading(failure) ? "cleared" : repacking;
}

/** For a person: what was given up, why, and what to do. */
export function repackingWarning({ signal, tail }: Failure): string {
  const last = tail.at(-1);
  return (
    `a worker died (${signal}) while it loaded the model; its weights are no longer repacked for this CPU, which is ` +
    "slower: compilers are known to break that code on CPUs with AMX. Run `corral build` to make and prove a new build." +
    (last === undefined ? "" : ` It wrote: ${last}`)
  );
}
