import { join } from "node:path";
import { cacheDir } from "../build-scripts/cache.ts";
import { withLock } from "../build-scripts/lock.ts";
import type { PoolOptions, ResolvedPoolOptions } from "./config/pool-options.ts";
import { resolvePoolOptions } from "./config/resolve.ts";
import { CorralError } from "./errors.ts";
import { contentFingerprint } from "./model/fingerprint.ts";
import type { Plan } from "./plan/plan.ts";
import type { Tuned } from "./plan/tuned.ts";
import { type Blueprint, draw, equip, overridesOf, type PoolSetup } from "./pool/blueprint.ts";
import { createPool } from "./pool.ts";
import { type Candidate, keyOf, nameOf } from "./tune/candidate.ts";
import { type Contest, type ContestEvent, hold } from "./tune/contest.ts";
import { lookAround, readCpuTicks, stealBetween, stealWarning } from "./tune/host-noise.ts";
import { machineIdentity, type TuneIdentity } from "./tune/identity.ts";
import { Journal } from "./tune/journal.ts";
import { levelsFor } from "./tune/judge.ts";
import { OpenPools } from "./tune/open-pools.ts";
import type { Method, TuneRecord } from "./tune/record.ts";
import { type Comparison, comparisonsOf, tunedOf } from "./tune/result.ts";
import { fitTokens, takeSample } from "./tune/sampler.ts";
import { type Ground, referenceOf, stagesOf, startOf } from "./tune/space.ts";
import { TuneStore } from "./tune/store.ts";

/** How to tune. */
export interface TuneOptions {
  /** Seconds that may be spent measuring. Default 300. */
  readonly budget?: number | undefined;
  /**
   * Judge candidates beside a busy neighbour process, too. Default: where the hypervisor has taken CPU time from this
   * machine, or a CPU quota is set.
   */
  readonly robust?: boolean | undefined;
  /** Try n-gram speculation, too. Default false: what it wins with the load's texts it may not win with yours. */
  readonly speculation?: boolean | undefined;
  /** Forget what an interrupted run has measured. Default false. */
  readonly fresh?: boolean | undefined;
  readonly report?: ((event: TuneEvent) => void) | undefined;
  /** Ends it; what was measured is kept, and the report says so. */
  readonly signal?: AbortSignal | undefined;
}

export type { Comparison };

export type TuneEvent =
  | ContestEvent
  | { readonly kind: "begin"; readonly plan: Plan; readonly method: Method; readonly kept: number }
  | { readonly kind: "waiting"; readonly text: string }
  | { readonly kind: "warning"; readonly text: string };

export interface TuneReport {
  /** Without tuning. */
  readonly plan: Plan;
  /** Null where it was interrupted before anything was compared. */
  readonly tuned: Tuned | null;
  /** For people. */
  readonly names: { readonly untuned: string; readonly tuned: string };
  readonly comparisons: readonly Comparison[];
  readonly isComplete: boolean;
  readonly wasInterrupted: boolean;
  /** Where it is stored. */
  readonly file: string;
  readonly warnings: readonly string[];
}

const BUDGET = 300;
/** Of the memory that is available. */
const MEMORY_SHARE = 0.7;

/**
 * Measures on this machine which plan serves a model best, and stores it: pools opened later use it. Real pools are
 * asked by the load generator; the search goes on until nothing is better or the budget is spent, and one that was cut
 * short goes on where it was when it is run again.
 * @throws CorralError CORRAL_BAD_OPTION, CORRAL_MODEL_*, CORRAL_DOES_NOT_FIT, CORRAL_BUILD_*, CORRAL_WORKER_FAILED,
 * CORRAL_WRITE_FAILED. No process is left then.
 */
export async function tunePool(
  options: PoolOptions = {},
  tuning: TuneOptions = {},
  setup: PoolSetup = {},
): Promise<TuneReport> {
  const { report = () => {}, signal } = tuning;
  const locks = join(setup.cacheDir ?? cacheDir(), "locks");
  const onWait = ({ pid }: { pid: number }) =>
    report({ kind: "waiting", text: `process ${pid} is tuning on this machine: waiting for it` });
  return await withLock(join(locks, "tune.lock"), () => tune(resolvePoolOptions(options), tuning, setup), {
    signal,
    onWait,
  });
}

async function tune(options: ResolvedPoolOptions, tuning: TuneOptions, setup: PoolSetup): Promise<TuneReport> {
  const { budget = BUDGET, report = () => {}, signal = new AbortController().signal } = tuning;
  const plain = { ...setup, useTuned: false };
  const drawn = await draw(options, plain);
  insistOnText(drawn.plan);
  const { blueprint } = await equip(drawn, options, plain, signal);
  const store = new TuneStore(setup.cacheDir ?? cacheDir());
  // Of the file that the user names, not of one that was made of it.
  const identity = await identityOf({ ...blueprint, model: drawn.model });
  const noise = await lookAround();
  for (const text of noise.warnings) report({ kind: "warning", text });

  const { machine, plan } = blueprint;
  const start = startOf(plan);
  const robust = tuning.robust ?? (noise.hasSteal || machine.cpuQuota !== null);
  const pools = new OpenPools(opener(options, plan, plain), machine.memory.available * MEMORY_SHARE, signal);
  const before = await readCpuTicks();
  try {
    const record = await recordFor({
      store,
      identity,
      plan,
      robust,
      budget,
      pools,
      start,
      fresh: tuning.fresh,
      signal,
    });
    const { method } = record;
    report({ kind: "begin", plan, method, kept: record.trials.length });
    const journal = new Journal(store, record);
    const ground = groundOf(blueprint, options, tuning);
    const contest: Contest = {
      start,
      reference: referenceOf(ground),
      stages: stagesOf(ground),
      goal: plan.goal,
      method,
      journal,
      take: (candidate, within) => takeSample(pools, candidate, method, within),
      budget,
      signal,
      report,
    };
    const outcome = await hold(contest);
    const tuned = tunedOf(plan, contest, outcome);
    const { isComplete, wasInterrupted } = outcome;
    await journal.conclude({ tuned: tuned ?? record.tuned, isComplete });
    const steal = stealWarning(stealBetween(before, await readCpuTicks()));
    return {
      plan,
      tuned,
      names: { untuned: nameOf(start), tuned: nameOf(outcome.best) },
      comparisons: comparisonsOf(contest, outcome.best),
      isComplete,
      wasInterrupted,
      file: store.pathOf(identity),
      warnings: [...noise.warnings, ...(steal === null ? [] : [steal])],
    };
  } finally {
    await pools.closeAll();
  }
}

function insistOnText({ model }: Plan): void {
  if (model.purpose === "text") return;
  throw new CorralError(
    "CORRAL_MODEL_UNSUPPORTED",
    `${model.name} is a model for ${model.purpose}: corral tunes models that write text. Compare plans by hand with corral plan.`,
    { facts: { model: model.name, purpose: model.purpose } },
  );
}

async function identityOf({ machine, model, chosen, plan }: Blueprint): Promise<TuneIdentity> {
  const build = await chosen.engine.identity();
  if (build === null) throw new CorralError("CORRAL_INTERNAL", "an engine that is ready has no build; report this");
  return {
    machine: machineIdentity(machine),
    build,
    model: { path: model.path, content: await contentFingerprint(model.path) },
    engine: chosen.engine.name,
    goal: plan.goal,
    concurrency: plan.concurrency,
  };
}

/** Candidates are what is fixed; all else is as the user said. */
function opener(options: ResolvedPoolOptions, plan: Plan, setup: PoolSetup) {
  return ({ settings, isByHand, ...shape }: Candidate, signal: AbortSignal | undefined) => {
    const { flashAttention, ...others } = settings;
    const attention = flashAttention === "auto" ? {} : { flashAttention };
    const wanted = { ...options, ...shape, ...others, ...attention, context: plan.context };
    return createPool(wanted, { ...setup, isPinned: isByHand !== true, signal });
  };
}

function groundOf(
  { machine, model, chosen, plan }: Blueprint,
  options: ResolvedPoolOptions,
  tuning: TuneOptions,
): Ground {
  const { traits } = chosen.engine;
  const canRepack = traits.repackedBytes(machine, model) > 0;
  const { speculation = false } = tuning;
  return { machine, plan, traits, canRepack, fixed: overridesOf(options), speculation };
}

interface Beginning {
  readonly store: TuneStore;
  readonly identity: TuneIdentity;
  readonly plan: Plan;
  readonly robust: boolean;
  readonly budget: number;
  readonly pools: OpenPools;
  readonly start: Candidate;
  readonly fresh: boolean | undefined;
  readonly signal: AbortSignal;
}

/** What an earlier run has left unfinished, else an empty one. */
async function recordFor(beginning: Beginning): Promise<TuneRecord> {
  const { store, identity, plan, robust, budget, pools, start, fresh = false, signal } = beginning;
  const levels = levelsFor(plan.goal, plan.concurrency) as [number, ...number[]];
  const earlier = await store.read(identity);
  if (earlier !== null && !earlier.isComplete && !fresh && continues(earlier.method)) return earlier;
  const opened = await pools.of(start);
  if (opened === null) throw cantStart(plan);
  const tokens = await fitTokens(opened.pool, { levels, robust }, budget, signal);
  const method: Method = { robust, levels, tokens, context: plan.context, start: keyOf(start) };
  return { format: 1, identity, method, trials: [], tuned: earlier?.tuned ?? null, isComplete: false };

  function continues(method: Method): boolean {
    return (
      method.robust === robust &&
      method.context === plan.context &&
      method.start === keyOf(start) &&
      JSON.stringify(method.levels) === JSON.stringify(levels)
    );
  }
}

function cantStart({ model }: Plan): CorralError {
  return new CorralError(
    "CORRAL_WORKER_FAILED",
    `The plan for ${model.name} can't be run here, so there is nothing to begin with. See why: corral serve ${model.path}`,
    { facts: { model: model.path } },
  );
}
