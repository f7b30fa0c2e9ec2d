import type { Machine } from "../machine/machine.ts";
import { contentFingerprint } from "../model/fingerprint.ts";
import type { Goal } from "../plan/goal.ts";
import type { PlanWish } from "../plan/plan.ts";
import { machineIdentity, type TuneIdentity } from "./identity.ts";
import type { TuneRecord } from "./record.ts";
import type { TuneStore } from "./store.ts";

/** What is to be planned. */
export interface TuneQuery {
  readonly machine: Machine;
  readonly model: { readonly path: string };
  readonly engine: string;
  /** Null where there is no build yet. */
  readonly build: () => Promise<string | null>;
  readonly goal: Goal;
  /** Undefined: whatever it was measured for. */
  readonly concurrency: number | undefined;
}

export type Finding = Required<Pick<PlanWish, "tuned" | "stale">>;

const NOTHING: Finding = { tuned: null, stale: [] };

/** What was measured for this, and why what was measured for the like is not used. Reads files, starts nothing. */
export async function findTuned(store: TuneStore, query: TuneQuery): Promise<Finding> {
  const { machine, model, engine, goal, concurrency } = query;
  const records = (await store.all()).filter(
    (record) => record.tuned !== null && record.identity.engine === engine && record.identity.goal === goal,
  );
  // Most machines have never been tuned, and need not read the model for it.
  if (records.length === 0) return NOTHING;
  const [content, build] = await Promise.all([contentFingerprint(model.path), query.build()]);
  return choose(records, {
    machine: machineIdentity(machine),
    build,
    model: { path: model.path, content },
    concurrency,
  });
}

interface Present extends Pick<TuneIdentity, "machine" | "model"> {
  readonly build: string | null;
  readonly concurrency: number | undefined;
}

/** Pure. `records`: of the engine and goal in question, those measured last first. */
export function choose(records: readonly TuneRecord[], present: Present): Finding {
  const { model, concurrency } = present;
  const related = records.filter(
    ({ identity }) => identity.model.content === model.content || identity.model.path === model.path,
  );
  const fitting = related.filter(({ identity }) => concurrency === undefined || identity.concurrency === concurrency);
  const current = fitting.find(({ identity }) => whyStale(identity, present) === null);
  if (current !== undefined) return { tuned: current.tuned, stale: [] };
  const [nearest] = fitting.length > 0 ? fitting : related;
  if (nearest === undefined) return NOTHING;
  const why = whyStale(nearest.identity, present) ?? `for ${nearest.identity.concurrency} requests at once`;
  return { tuned: null, stale: [`Not used: what was measured ${why}. Run corral tune again.`] };
}

/** How an identity differs from what is here now, as the end of "what was measured ..."; null where it does not. */
function whyStale({ machine, build, model }: TuneIdentity, present: Present): string | null {
  if (machine.fingerprint !== present.machine.fingerprint) return machineChange(machine, present.machine);
  if (model.content !== present.model.content) return "before the model's file changed";
  if (build !== present.build) return "with another build of the engine";
  return null;
}

function machineChange(then: TuneIdentity["machine"], now: TuneIdentity["machine"]): string {
  const quota = (value: number | null) => (value === null ? "without a CPU quota" : `under a quota of ${value} CPUs`);
  if (then.cpuModel !== now.cpuModel) return `on another CPU (${then.cpuModel})`;
  if (then.cpus !== now.cpus) return `on ${then.cpus} CPUs, not ${now.cpus}`;
  if (then.cpuQuota !== now.cpuQuota) return quota(then.cpuQuota);
  return "on a machine with other CPU features, caches or memory";
}
