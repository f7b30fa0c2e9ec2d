import type { BuildEvent } from "../../build-scripts/build.ts";
import { cacheDir } from "../../build-scripts/cache.ts";
import type { ResolvedPoolOptions } from "../config/pool-options.ts";
import { type Chosen, chooseEngine } from "../engine/choose.ts";
import type { Engine, Program } from "../engine/engine.ts";
import type { Machine } from "../machine/machine.ts";
import { readMachineWithout } from "../machine/read-without.ts";
import { describeModel } from "../model/describe.ts";
import type { ModelDescription } from "../model/description.ts";
import { ensureEchoModel } from "../model/store.ts";
import { modelName } from "../model-name.ts";
import { makePlan } from "../plan/make.ts";
import type { Plan, PlanOverrides, PlanWish } from "../plan/plan.ts";
import type { Residence } from "../residency/residence.ts";
import { keepingPromptCache, sharingPromptCache } from "../scale/go-over.ts";
import { sizedPlan } from "../scale/size.ts";
import { type Finding, findTuned } from "../tune/find.ts";
import { TuneStore } from "../tune/store.ts";

/** What a pool is put together from, where not the default. */
export interface PoolSetup {
  /** Ends the start; later it has no effect. */
  readonly signal?: AbortSignal | undefined;
  /** Default: the first that serves the model, built for this CPU if it is not there yet. */
  readonly engine?: Engine | undefined;
  /** What the plan is made for, for good. Default: this machine, and planned anew when its limits change. */
  readonly machine?: Machine | undefined;
  /** As readMachine takes it: a folder that describes a machine, read and watched in place of this one. Default "/". */
  readonly machineRoot?: string | undefined;
  /** Told how a build goes, or a conversion, where one must be made. */
  readonly report?: ((event: BuildEvent) => void) | undefined;
  /** Where the echo model and converted models are kept. Default $CORRAL_CACHE_DIR, or the user's cache folder. */
  readonly cacheDir?: string | undefined;
  /** Where what a pool is to know after its end is kept. Default: see stateDir. */
  readonly stateDir?: string | undefined;
  /** Its place in memory that it shares with other pools. Default: it has the machine to itself. */
  readonly residence?: Residence | undefined;
  /** Whether the first workers are started by the first request. Default false. */
  readonly isLazy?: boolean | undefined;
  /** Whether plans use what the tuner has stored. Default true; the tuner itself must not. */
  readonly useTuned?: boolean | undefined;
  /** Whether workers are bound to CPUs. Default true; the tuner's yardstick is a server as anybody starts it by hand. */
  readonly isPinned?: boolean | undefined;
}

/** Everything that is known before the first worker is started. */
export interface Blueprint {
  readonly machine: Machine;
  readonly model: ModelDescription;
  readonly chosen: Chosen;
  /** Models that share the machine, this one among them. */
  readonly sharers: number;
  /** What was measured for it by the tuner. */
  readonly finding: Finding;
  readonly isPinned: boolean;
  readonly plan: Plan;
}

/** What stands for the built-in echo model where a path could stand. */
const ECHO = "echo";

/** What clients call the model of a pool that was given no name: the file's own. */
export function nameOfPool({ name, source }: ResolvedPoolOptions): string {
  return name ?? modelName(source);
}

/** Starts nothing, builds nothing, converts nothing. @throws CorralError CORRAL_MODEL_*, CORRAL_DOES_NOT_FIT, CORRAL_BAD_OPTION */
export async function draw(options: ResolvedPoolOptions, setup: PoolSetup = {}): Promise<Blueprint> {
  const path = options.source === ECHO ? await ensureEchoModel(setup.cacheDir ?? cacheDir()) : options.source;
  const [machine, description] = await Promise.all([machineFor(setup, []), describeModel(path)]);
  const model = { ...description, name: nameOfPool(options) };
  const chosen = chosenFor(model, options, setup);
  chosen.engine.checkArgs(options.args);
  const finding = await findingFor({ machine, model, chosen }, options, setup);
  const sharers = setup.residence?.sharers() ?? 1;
  return planned({ machine, model, chosen, sharers, finding, isPinned: setup.isPinned ?? true }, options);
}

/** The machine to plan for, as if these processes were gone: what they hold counts as free. */
export async function machineFor(setup: PoolSetup, pids: readonly number[]): Promise<Machine> {
  if (setup.machine) return setup.machine;
  return await (setup.residence?.readMachine(pids) ?? readMachineWithout(pids, setup.machineRoot));
}

/**
 * The same with other options or for another machine; what need not change stays as it is.
 * @throws CorralError CORRAL_DOES_NOT_FIT, CORRAL_BAD_OPTION
 */
export function redraw(blueprint: Blueprint, options: ResolvedPoolOptions, machine: Machine): Blueprint {
  const next = planned({ ...blueprint, machine }, options);
  const isFixed = options.promptCache !== "auto";
  return isFixed ? next : { ...next, plan: keepingPromptCache(blueprint.plan, next.plan) };
}

/**
 * Brings here what the blueprint needs: the engine's build, and the model in the engine's format.
 * @throws CorralError CORRAL_BUILD_*, CORRAL_SOURCE_*, CORRAL_TOOL_MISSING, CORRAL_MODEL_*, CORRAL_WRITE_FAILED
 */
export async function equip(
  blueprint: Blueprint,
  options: ResolvedPoolOptions,
  setup: PoolSetup,
  signal: AbortSignal,
): Promise<{ blueprint: Blueprint; program: Program }> {
  const { engine } = blueprint.chosen;
  const program = await engine.prepare({ signal });
  const path = await engine.adopt(blueprint.model, { cacheDir: setup.cacheDir, signal });
  signal.throwIfAborted();
  // Where the build has been made just now, what was measured with it could not be told before.
  const finding = await findingFor(blueprint, options, setup);
  const model = { ...blueprint.model, path };
  return { blueprint: planned({ ...blueprint, model, finding }, options), program };
}

type Known = Pick<Blueprint, "machine" | "model" | "chosen">;

async function findingFor(
  { machine, model, chosen: { engine } }: Known,
  { goal, concurrency }: ResolvedPoolOptions,
  { cacheDir: cache = cacheDir(), useTuned = true }: PoolSetup,
): Promise<Finding> {
  if (!useTuned) return { tuned: null, stale: [] };
  return await findTuned(new TuneStore(cache), {
    machine,
    model,
    engine: engine.name,
    build: () => engine.identity(),
    goal,
    concurrency: unlessAuto(concurrency),
  });
}

function chosenFor(model: ModelDescription, options: ResolvedPoolOptions, setup: PoolSetup): Chosen {
  if (setup.engine) return { engine: setup.engine, why: "the program that opens the pool brought it" };
  const { arithmetic, engine } = options;
  return chooseEngine(model, engine, { arithmetic, mode: buildMode(process.env), report: setup.report });
}

function planned(known: Omit<Blueprint, "plan">, options: ResolvedPoolOptions): Blueprint {
  const { machine, model, chosen, finding } = known;
  const { name, traits } = chosen.engine;
  const choice = { name, traits, why: chosen.why };
  const wish = { ...wishOf(options), ...finding };
  const planOf = (workers: number | undefined): Plan =>
    makePlan(machine, model, choice, { ...overridesOf(options), workers }, wish);
  const plan = sizedPlan(options, machine.cpus.length, planOf);
  const shared = options.promptCache === "auto" ? sharingPromptCache(plan, known.sharers) : plan;
  return { ...known, plan: known.isPinned ? shared : unpinned(shared) };
}

function unpinned(plan: Plan): Plan {
  return { ...plan, workers: plan.workers.map((worker) => ({ ...worker, cpus: [] })) };
}

/** $CORRAL_BUILD, as at install: "skip" forbids to build. */
function buildMode({ CORRAL_BUILD }: NodeJS.ProcessEnv): "auto" | "skip" {
  return CORRAL_BUILD === "skip" ? "skip" : "auto";
}

/** What the user fixed. */
export function overridesOf(options: ResolvedPoolOptions): PlanOverrides {
  const { workers, threads, slots, context, repack, keyValueType, promptCache } = options;
  const { batch, flashAttention, spin, sharedCache, speculation, hugePages, mapWeights } = options;
  const settings = { batch, flashAttention, spin, sharedCache, speculation, hugePages, mapWeights };
  return {
    workers: unlessAuto(workers),
    threads: unlessAuto(threads),
    slots: unlessAuto(slots),
    context: unlessAuto(context),
    repack: unlessAuto(repack),
    keyValueType: unlessAuto(keyValueType),
    promptCache: unlessAuto(promptCache),
    settings: Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== "auto")),
  };
}

function wishOf({ goal, concurrency }: ResolvedPoolOptions): PlanWish {
  return { goal, concurrency: unlessAuto(concurrency) };
}

function unlessAuto<T>(value: T | "auto"): T | undefined {
  return value === "auto" ? undefined : value;
}
