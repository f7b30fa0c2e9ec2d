import type { BuildEvent } from "../../build-scripts/build.ts";
import { cacheDir } from "../../build-scripts/cache.ts";
import type { ResolvedPoolOptions } from "../config/pool-options.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { llamaEngine } from "../engine/llama.ts";
import type { Machine } from "../machine/machine.ts";
import { readMachine } from "../machine/read.ts";
import { describeModel } from "../model/describe.ts";
import type { ModelDescription } from "../model/description.ts";
import { modelName } from "../model/parts.ts";
import { ensureEchoModel } from "../model/store.ts";
import { makePlan } from "../plan/make.ts";
import type { Plan, PlanOverrides } from "../plan/plan.ts";

/** What a pool is put together from, where not the default. */
export interface PoolSetup {
  /** Ends the start; later it has no effect. */
  readonly signal?: AbortSignal | undefined;
  /** Default: llama-server, built for this CPU if it is not there yet. */
  readonly engine?: Engine | undefined;
  /** Default: this machine. */
  readonly machine?: Machine | undefined;
  /** Told how a build goes, where one must be made. */
  readonly report?: ((event: BuildEvent) => void) | undefined;
  /** Where the echo model is kept. Default $CORRAL_CACHE_DIR, or the user's cache folder. */
  readonly cacheDir?: string | undefined;
}

/** Everything that is known before the first worker is started. */
export interface Blueprint {
  readonly machine: Machine;
  readonly model: ModelDescription;
  readonly plan: Plan;
}

/** What stands for the built-in echo model where a path could stand. */
const ECHO = "echo";

/** What clients call the model of a pool that was given no name: the file's own. */
export function nameOfPool({ name, model }: ResolvedPoolOptions): string {
  return name ?? modelName(model);
}

/** @throws CorralError CORRAL_MODEL_*, CORRAL_DOES_NOT_FIT */
export async function draw(options: ResolvedPoolOptions, setup: PoolSetup): Promise<Blueprint> {
  const path = options.model === ECHO ? await ensureEchoModel(setup.cacheDir ?? cacheDir()) : options.model;
  const [machine, description] = await Promise.all([setup.machine ?? readMachine(), describeModel(path)]);
  const model = { ...description, name: nameOfPool(options) };
  return { machine, model, plan: makePlan(machine, model, overridesOf(options)) };
}

/** The same with another number of workers. @throws CorralError CORRAL_DOES_NOT_FIT, CORRAL_BAD_OPTION */
export function redraw({ machine, model }: Blueprint, options: ResolvedPoolOptions, workers: number): Blueprint {
  return { machine, model, plan: makePlan(machine, model, { ...overridesOf(options), workers }) };
}

/** @throws CorralError CORRAL_BUILD_*, CORRAL_SOURCE_*, CORRAL_TOOL_MISSING */
export async function equip(
  options: ResolvedPoolOptions,
  { engine: given, report }: PoolSetup,
  signal: AbortSignal,
): Promise<{ engine: Engine; program: Program }> {
  const engine = given ?? llamaEngine({ arithmetic: options.arithmetic, mode: buildMode(process.env), report });
  const program = await engine.prepare({ signal });
  signal.throwIfAborted();
  return { engine, program };
}

/** $CORRAL_BUILD, as at install: "skip" forbids to build. */
function buildMode({ CORRAL_BUILD }: NodeJS.ProcessEnv): "auto" | "skip" {
  return CORRAL_BUILD === "skip" ? "skip" : "auto";
}

function overridesOf({ workers, threads, slots, context, repack }: ResolvedPoolOptions): PlanOverrides {
  return {
    workers: unlessAuto(workers),
    threads: unlessAuto(threads),
    slots: unlessAuto(slots),
    context: unlessAuto(context),
    repack: unlessAuto(repack),
  };
}

function unlessAuto<T>(value: T | "auto"): T | undefined {
  return value === "auto" ? undefined : value;
}
