import { CorralError } from "../errors.ts";
import type { Machine } from "../machine/machine.ts";
import type { ModelDescription } from "../model/description.ts";
import type { EngineChoice, EngineTraits } from "./engine-choice.ts";
import { doesNotSeat, fitMemory } from "./fit-memory.ts";
import { fittingOf } from "./fitting.ts";
import { MIB } from "./memory.ts";
import type { Plan, PlanOverrides, PlanWish, WorkerPlan } from "./plan.ts";
import { lackOfSeats, type Seat, seatsFor } from "./seats.ts";
import type { Shape } from "./shape.ts";
import { divide, pack, suitableWorkers, suitableWorkersOf } from "./split.ts";

/** Longer contexts are for those who ask: their memory is taken from the start, whether used or not. */
const MOST_CONTEXT = 8192;
/** Where a model does not say what it was trained for. */
const UNKNOWN_CONTEXT = 4096;

/**
 * Decides what to run. Pure: the same machine, model and overrides give the same plan, and nothing is started.
 *
 * The rule: workers sit on whole groups of physical cores that share a cache and memory, about 8 cores each on big
 * machines and two halves on small ones, each thread on a CPU of its own. It is a first, honest guess from measurements
 * on a few machines; what it takes from memory is an upper estimate.
 *
 * @param overrides What the user fixed. It is kept as it is, or refused.
 * @throws CorralError CORRAL_BAD_OPTION for overrides that are no positive whole numbers; CORRAL_DOES_NOT_FIT with the
 * numbers and the nearest plan that fits.
 */
export function makePlan(
  machine: Machine,
  model: ModelDescription,
  engine: EngineChoice,
  overrides: PlanOverrides = {},
  wish: PlanWish = {},
): Plan {
  const { name, why, traits } = engine;
  checkOverrides(overrides, engine, model);
  const lack = lackOfSeats(machine, overrides);
  const workers = overrides.workers ?? (lack ? 1 : autoWorkers(seatsFor(machine, overrides).seats, overrides.threads));
  const wanted = wantedShape(machine, model, traits, overrides, workers);
  const fitting = fittingOf(machine, model, traits, overrides, wanted);
  if (lack) throw doesNotSeat(fitting, lack);
  const { shape, warnings } = fitMemory(fitting);
  const seating = seatsFor(machine, { workers: shape.workers, threads: overrides.threads });
  const sets = overrides.threads
    ? pack(seating.seats, shape.workers, overrides.threads)
    : divide(seating.seats, shape.workers);
  const memory = fitting.ledgerOf(shape);
  const canPin = machine.os === "linux";
  return {
    model: { path: model.path, name: model.name, purpose: model.purpose },
    engine: { name, why },
    goal: wish.goal ?? "balanced",
    concurrency: wish.concurrency ?? shape.workers * shape.slots,
    workers: sets.map((seats, replica): WorkerPlan => {
      const cpus = canPin ? seats.map(({ cpu }) => cpu).sort((a, b) => a - b) : [];
      return { replica, cpus, threads: seats.length, node: null };
    }),
    slots: shape.slots,
    context: shape.context,
    promptCache: Math.floor(memory.promptCache / MIB),
    repack: shape.repack,
    keyValueType: shape.keyValueType,
    settings: { ...traits.usualSettings(shape), ...overrides.settings },
    gatewayCpus: canPin ? seating.gatewayCpus : [],
    memory,
    predicted: null,
    why: [],
    warnings: [...warnings, ...seating.warnings, ...straddling(sets), ...wishesToDoubt(model, shape)],
  };
}

function wantedShape(
  machine: Machine,
  model: ModelDescription,
  engine: EngineTraits,
  overrides: PlanOverrides,
  workers: number,
): Shape {
  return {
    workers,
    slots: overrides.slots ?? engine.usualSlots,
    context: overrides.context ?? Math.min(model.contextLength ?? UNKNOWN_CONTEXT, MOST_CONTEXT),
    repack: overrides.repack ?? engine.repackedBytes(machine, model) > 0,
    keyValueType: overrides.keyValueType ?? engine.keyValueTypes[0],
  };
}

function autoWorkers(seats: readonly Seat[], threads: number | undefined): number {
  return threads === undefined ? suitableWorkers(seats) : suitableWorkersOf(seats, threads);
}

function checkOverrides(
  overrides: PlanOverrides,
  { name: engine, traits }: EngineChoice,
  model: ModelDescription,
): void {
  for (const name of ["workers", "threads", "slots", "context"] as const) {
    const value = overrides[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0))
      throw refused(name, value, "give a whole number from 1 up, or leave it out.");
  }
  const { slots = 1, context = 1 } = overrides;
  if (slots > traits.mostSlots)
    throw refused("slots", slots, `the engine ${engine} computes ${traits.mostSlots} at once; add workers instead.`);
  if (!traits.exceedsContext && model.contextLength !== null && context > model.contextLength)
    throw refused("context", context, `the engine ${engine} goes no further than the model's ${model.contextLength}.`);
}

function refused(option: string, value: unknown, why: string): CorralError {
  return new CorralError("CORRAL_BAD_OPTION", `${option} is ${value}: ${why}`, { facts: { option, value } });
}

function straddling(sets: readonly (readonly Seat[])[]): string[] {
  const wide = sets.flatMap((seats, replica) => (new Set(seats.map(({ domain }) => domain)).size > 1 ? [replica] : []));
  if (wide.length === 0) return [];
  const who = wide.length === 1 ? `Worker ${wide[0]} spans` : `Workers ${wide.join(", ")} span`;
  return [`${who} several sockets or NUMA nodes: threads far from the memory are slow. More workers are better here.`];
}

function wishesToDoubt(model: ModelDescription, { slots, context }: Shape): string[] {
  const warnings: string[] = [];
  if (model.contextLength !== null && context > model.contextLength)
    warnings.push(
      `The model was trained for ${model.contextLength} tokens: beyond, up to ${context}, answers may be nonsense.`,
    );
  if (slots > 1 && slots % 4 !== 0)
    warnings.push(`${slots} slots: sequences are computed in fours, so 1, 4 or 8 slots use the CPU better.`);
  return warnings;
}
