import { CorralError } from "../errors.ts";
import type { Machine } from "../machine/machine.ts";
import type { ModelDescription } from "../model/description.ts";
import { candidatesFor, threadsOfMost } from "./candidates.ts";
import { checkOverrides } from "./check-overrides.ts";
import { type Choice, choose } from "./choose.ts";
import { modelCostOf, predict, type Split } from "./cost.ts";
import type { Decision } from "./decision.ts";
import type { EngineChoice, EngineTraits } from "./engine-choice.ts";
import { expectedLoad, usualConcurrency } from "./expected-load.ts";
import { doesNotSeat, fitMemory } from "./fit-memory.ts";
import { fittingOf } from "./fitting.ts";
import type { Figures, Goal, Load } from "./goal.ts";
import { hostOf } from "./host.ts";
import { counted, rounded } from "./in-words.ts";
import { ledgerOf, MIB } from "./memory.ts";
import { memoryNodes } from "./memory-node.ts";
import type { Plan, PlanOverrides, PlanWish } from "./plan.ts";
import { lackOfSeats, type Seat, seatsFor } from "./seats.ts";
import type { Shape } from "./shape.ts";
import { divide, pack } from "./split.ts";
import { splitIsTuned, whyUnusable, withTuned } from "./tuning.ts";
import { reasonsFor } from "./why.ts";

/** Longer contexts are for those who ask: their memory is taken from the start, whether used or not. */
const MOST_CONTEXT = 8192;
/** Where a model does not say what it was trained for. */
const UNKNOWN_CONTEXT = 4096;

/**
 * Decides what to run. Pure: the same machine, model, overrides and wish give the same plan, and nothing is started.
 *
 * Workers sit on whole groups of physical cores that share a cache and memory, each thread on a CPU of its own. Of the
 * ways to split those, the one is taken that is predicted to be best for the goal and that memory is there for.
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
  checkOverrides(overrides, engine, model);
  const decision = wish.tuned
    ? decideAsTuned({ machine, model, engine, overrides, wish })
    : decide({ machine, model, engine, overrides, wish });
  const plan = planOf(decision);
  return { ...plan, why: reasonsFor(decision, plan) };
}

type Question = Pick<Decision, "machine" | "model" | "engine" | "overrides" | "wish">;

/** As measured, or, where that is no longer possible, as if nothing had been measured, and says so. */
function decideAsTuned(question: Question): Decision {
  const { machine, wish } = question;
  const withoutTuned = (why: string): Decision =>
    decide({ ...question, wish: { ...wish, tuned: null, stale: [...(wish.stale ?? []), why] } });

  const { seats, gatewayCpus } = seatsFor(machine, {});
  const cores = seats.length + Math.min(1, gatewayCpus.length);
  const obstacle = wish.tuned ? whyUnusable(wish.tuned, wish, cores) : null;
  if (obstacle !== null) return withoutTuned(obstacle);
  try {
    return decide(question);
  } catch (error) {
    if (!(error instanceof CorralError && error.code === "CORRAL_DOES_NOT_FIT")) throw error;
    return withoutTuned("The tuned plan takes more memory than there is now: tune again.");
  }
}

function decide(question: Question): Decision {
  const { machine, model, engine, overrides, wish } = question;
  const { tuned = null, goal = "balanced" } = wish;
  const given = withTuned(overrides, tuned);
  const atEase = unconstrained(machine, model, engine, given);
  const fitting = (split: Pick<Shape, "workers" | "slots">) =>
    fittingOf(machine, model, engine.traits, given, { ...atEase, ...split });
  const lack = lackOfSeats(machine, given);
  if (lack)
    throw doesNotSeat(fitting({ workers: given.workers ?? 1, slots: given.slots ?? engine.traits.usualSlots }), lack);

  const seating = seatsFor(machine, given);
  const concurrency =
    wish.concurrency ?? tuned?.concurrency ?? concurrencyFor(goal, given, engine.traits, seating.seats.length);
  const load = expectedLoad(concurrency, atEase.context, model.purpose);
  const ledger = (shape: Shape) => ledgerOf(machine, model, engine.traits, shape, given);
  const choice = choose(candidatesFor(seating.seats, given, engine.traits, concurrency), {
    goal,
    load,
    predict: predictor(question, atEase.repack),
    ledgerOf: ({ workers, slots }) => ledger({ ...atEase, workers, slots }),
  });

  const { wanted, ...freedom } = fitting({ workers: choice.chosen.workers, slots: choice.chosen.slots });
  const { shape, warnings } = fitMemory({ wanted, ...freedom });
  const givenUp = [...fewerForMemory(choice), ...warnings];
  const sets = given.threads ? pack(seating.seats, shape.workers, given.threads) : divide(seating.seats, shape.workers);
  return { ...question, tuned, given, goal, load, seating, choice, wanted, shape, givenUp, sets };
}

/** What each worker has where memory is no matter. */
function unconstrained(
  machine: Machine,
  model: ModelDescription,
  { traits }: EngineChoice,
  given: PlanOverrides,
): Omit<Shape, "workers" | "slots"> {
  return {
    context: given.context ?? Math.min(model.contextLength ?? UNKNOWN_CONTEXT, MOST_CONTEXT),
    repack: given.repack ?? traits.repackedBytes(machine, model) > 0,
    keyValueType: given.keyValueType ?? traits.keyValueTypes[0],
  };
}

/** Whoever says how many workers there are wants them busy, each with as many slots as are given or usual. */
function concurrencyFor(goal: Goal, { workers, slots }: PlanOverrides, engine: EngineTraits, cores: number): number {
  return workers !== undefined ? workers * (slots ?? engine.usualSlots) : usualConcurrency(goal, cores);
}

function predictor({ machine, model, engine }: Question, isRepacked: boolean): (split: Split, load: Load) => Figures {
  const repack = isRepacked && engine.traits.repackedBytes(machine, model) > 0;
  const [host, cost] = [hostOf(machine), modelCostOf(model, { repack })];
  return (split, load) => predict(host, cost, split, load);
}

function planOf(decision: Decision): Plan {
  const { machine, model, engine, wish, given, goal, load, seating, shape, givenUp, sets } = decision;
  const memory = ledgerOf(machine, model, engine.traits, shape, given);
  const canPin = machine.os === "linux";
  const cpus = sets.map((seats) => (canPin ? seats.map(({ cpu }) => cpu).sort((a, b) => a - b) : []));
  const nodes = memoryNodes(machine, cpus, memory);
  const predicted = figuresOf(decision);
  return {
    model: { path: model.path, name: model.name, purpose: model.purpose },
    engine: { name: engine.name, why: engine.why },
    goal,
    concurrency: load.concurrency,
    workers: sets.map(({ length: threads }, replica) => {
      return { replica, cpus: cpus[replica] ?? [], threads, node: nodes[replica] ?? null };
    }),
    slots: shape.slots,
    context: shape.context,
    promptCache: Math.floor(memory.promptCache / MIB),
    repack: shape.repack,
    keyValueType: shape.keyValueType,
    settings: { ...engine.traits.usualSettings(shape), ...given.settings },
    gatewayCpus: canPin ? seating.gatewayCpus : [],
    memory,
    predicted,
    why: [],
    warnings: [
      ...(wish.stale ?? []),
      ...givenUp,
      ...seating.warnings,
      ...straddling(sets),
      ...wishesToDoubt(model, shape),
      ...tooSlow(predicted),
    ],
  };
}

/** As measured, else as predicted for what memory has left of the choice. */
function figuresOf(decision: Decision): Figures {
  const { overrides, tuned, given, load, seating, shape } = decision;
  if (tuned !== null && splitIsTuned(overrides, tuned)) return tuned.figures;
  const { workers, slots } = shape;
  const threads = given.threads ?? threadsOfMost(seating.seats, workers);
  return predictor(decision, shape.repack)({ workers, threads, slots }, load);
}

function fewerForMemory({ chosen, unlimited }: Choice): string[] {
  if (chosen.workers === unlimited.workers && chosen.slots === unlimited.slots) return [];
  const each = `each for ${counted(chosen.slots, "request")} at once`;
  return [`Memory is short: ${chosen.workers} of ${unlimited.workers} workers, ${each}.`];
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

/** Seconds. A page of text takes ten minutes then. */
const TOO_SLOW = 1;

function tooSlow({ perToken }: Figures): string[] {
  if (perToken < TOO_SLOW) return [];
  return [`A token takes ${rounded(perToken)} s here: this machine is too slow for this model. Take a smaller one.`];
}
