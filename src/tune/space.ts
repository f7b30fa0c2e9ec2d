import type { Machine } from "../machine/machine.ts";
import type { EngineTraits } from "../plan/engine-choice.ts";
import type { Plan, PlanOverrides } from "../plan/plan.ts";
import { seatsFor } from "../plan/seats.ts";
import type { EngineSettings, KeyValueType } from "../plan/settings.ts";
import { type Candidate, keyOf } from "./candidate.ts";
import type { Stage } from "./search.ts";

/** What decides which candidates there are. */
export interface Ground {
  readonly machine: Machine;
  /** Without tuning; its concurrency is what all candidates are made for. */
  readonly plan: Plan;
  readonly traits: EngineTraits;
  /** Whether the engine repacks weights of this model at all. */
  readonly canRepack: boolean;
  /** Kept as it is. */
  readonly fixed: PlanOverrides;
  /** Whether guessing from the text is tried: what it gains with the load's texts is not what it gains with others. */
  readonly speculation: boolean;
}

const BATCHES = [64, 128, 256, 512] as const;
/** What q8_0 must win to be worth its rounding. */
const WORTH_ROUNDING = 1.05;
/** With a small model huge pages change nothing that short measurements could tell from noise, and large ones gain by them. */
const WORTH_SMALL_PAGES = 1.05;
/** Where sizes make no difference one of four is always ahead by chance, and a larger one holds up other answers. */
const WORTH_ANOTHER_BATCH = 1.05;
/** Guesses are right more often in a load's greedy answers than in people's texts. */
const WORTH_GUESSING = 1.2;

/** The plan without tuning, as a candidate. */
export function startOf({ workers, slots, repack, keyValueType, settings }: Plan): Candidate {
  const threads = Math.min(...workers.map((worker) => worker.threads));
  return { workers: workers.length, threads, slots, repack, keyValueType, settings };
}

/** One process on all CPUs, bound to none of them, with the engine's own defaults: what a server started by hand is. */
export function referenceOf({ machine, plan, traits, fixed }: Ground): Candidate {
  const { byHand } = traits;
  const slots = fixed.slots ?? byHand.slots;
  const settings = { ...byHand.settings, ...fixed.settings };
  return { ...startOf(plan), workers: 1, threads: seatsFor(machine, {}).seats.length, slots, settings, isByHand: true };
}

/**
 * The questions, those that decide most first. Only what the engine can change, the user has not fixed and makes a
 * difference here is asked. Pure.
 */
export function stagesOf(ground: Ground): Stage<Candidate>[] {
  const { plan, traits, canRepack, fixed, speculation } = ground;
  const isText = plan.model.purpose === "text";
  const tunes = (setting: keyof EngineSettings) => isOpen(ground, setting);
  const stages: (Stage<Candidate> | false)[] = [
    fixed.workers === undefined && ordered("workers", (best) => splits(ground, best)),
    fixed.slots === undefined && ordered("slots", (best) => slotCounts(ground, best)),
    fixed.threads === undefined && ordered("threads", (best) => threadCounts(ground, best)),
    tunes("sharedCache") && isText && setting("sharedCache", ({ slots }) => (slots > 1 ? [false, true] : [])),
    tunes("mapWeights") &&
      setting("mapWeights", ({ workers, settings }) => (workers > 1 || settings.mapWeights ? [true, false] : [])),
    canRepack && fixed.repack === undefined && choice("repack", [true, false], (repack) => ({ repack })),
    // "auto" is "on" wherever it is supported. Values in q8_0 are read by flash attention only.
    tunes("flashAttention") &&
      setting("flashAttention", ({ keyValueType }) => (keyValueType === "f16" ? ["auto", "off"] : [])),
    // A lone thread waits for nobody.
    tunes("spin") && setting("spin", ({ threads }) => (threads > 1 ? ["active", "passive"] : [])),
    tunes("hugePages") && { ...setting("hugePages", () => [false, true]), leastGain: WORTH_SMALL_PAGES },
    tunes("batch") && isText && { ...setting("batch", () => BATCHES), isOrdered: true, leastGain: WORTH_ANOTHER_BATCH },
    fixed.keyValueType === undefined && keyValueTypes(traits.keyValueTypes),
    speculation &&
      tunes("speculation") && { ...setting("speculation", () => ["off", "ngram"]), leastGain: WORTH_GUESSING },
  ];
  return stages.filter((stage) => stage !== false);
}

/** Whether the engine can change it and the user has not fixed it. */
function isOpen({ traits, fixed }: Ground, setting: keyof EngineSettings): boolean {
  return traits.tunables.includes(setting) && fixed.settings?.[setting] === undefined;
}

/** Workers on all seats, each with slots for its share of the requests; never more workers than requests. */
function splits(ground: Ground, best: Candidate): Candidate[] {
  const { fixed, plan } = ground;
  const seats = seatsFor(ground.machine, {}).seats.length;
  const most = Math.min(plan.concurrency, Math.floor(seats / (fixed.threads ?? 1)));
  const counts = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128].filter((count) => count <= most);
  const others = counts.map((workers) => {
    const threads = fixed.threads ?? Math.floor(seats / workers);
    const slots = fixed.slots ?? suitableSlots(ground, workers);
    const settings = workers === 1 ? loneSettings(ground, best, slots) : best.settings;
    return { ...best, workers, threads, slots, settings };
  });
  const isAnother = (other: Candidate) =>
    // A best that is one worker, too, may be set otherwise than that one.
    other.workers !== best.workers || (other.workers === 1 && keyOf(other) !== keyOf(best));
  return [best, ...others.filter(isAnother)].sort((a, b) => a.workers - b.workers);
}

/**
 * One worker on all CPUs is the reference made better, so it begins with that one's cache and batch; that others are no
 * worse is asked later. But it has nobody to share the file's pages with.
 */
function loneSettings(ground: Ground, best: Candidate, slots: number): EngineSettings {
  const { batch, sharedCache } = ground.traits.byHand.settings;
  return {
    ...best.settings,
    ...(isOpen(ground, "batch") ? { batch } : {}),
    ...(isOpen(ground, "sharedCache") ? { sharedCache: sharedCache && slots > 1 } : {}),
    ...(isOpen(ground, "mapWeights") ? { mapWeights: false } : {}),
  };
}

/** Sequences are computed in fours. */
function suitableSlots({ plan, traits }: Ground, workers: number): number {
  const share = Math.ceil(plan.concurrency / workers);
  return Math.min(traits.mostSlots, share === 1 ? 1 : Math.ceil(share / 4) * 4);
}

/** Never fewer than its share of the requests: what those that run gain by it is lost by those that wait. */
function slotCounts(ground: Ground, best: Candidate): Candidate[] {
  const { plan, traits } = ground;
  const share = Math.ceil(plan.concurrency / best.workers);
  const counts = [share, suitableSlots(ground, best.workers)];
  const possible = distinct(counts).filter((count) => count <= traits.mostSlots);
  return withOwn(
    best,
    possible.map((slots) => ({ ...best, slots })),
    ({ slots }) => slots,
  );
}

/** Fewer than CPUs where memory is what all wait for; more, on SMT siblings, where the machine has them. */
function threadCounts({ machine }: Ground, best: Candidate): Candidate[] {
  const own = Math.floor(seatsFor(machine, {}).seats.length / best.workers);
  const counts = distinct([Math.ceil(own / 2), own - 1, own, own * 2]);
  const possible = counts.filter((count) => count >= 1 && count * best.workers <= machine.cpus.length);
  return withOwn(
    best,
    possible.map((threads) => ({ ...best, threads })),
    ({ threads }) => threads,
  );
}

function keyValueTypes(types: readonly KeyValueType[]): Stage<Candidate> {
  return { ...choice("KV type", types, (keyValueType) => ({ keyValueType })), leastGain: WORTH_ROUNDING };
}

function ordered(about: string, answers: (best: Candidate) => Candidate[]): Stage<Candidate> {
  return { about, isOrdered: true, answers };
}

function setting<K extends keyof EngineSettings>(
  name: K,
  values: (best: Candidate) => readonly EngineSettings[K][],
): Stage<Candidate> {
  const answers = (best: Candidate) =>
    withOwn(
      best,
      values(best).map((value) => ({ ...best, settings: { ...best.settings, [name]: value } })),
      ({ settings }) => settings[name],
    );
  return { about: WORDS[name], isOrdered: false, answers };
}

const WORDS: Readonly<Record<keyof EngineSettings, string>> = {
  batch: "batch",
  flashAttention: "flash attention",
  spin: "spin",
  speculation: "speculation",
  sharedCache: "shared cache",
  hugePages: "huge pages",
  mapWeights: "mapped weights",
};

function choice<T>(about: string, values: readonly T[], change: (value: T) => Partial<Candidate>): Stage<Candidate> {
  return { about, isOrdered: false, answers: (best) => values.map((value) => ({ ...best, ...change(value) })) };
}

/** The best itself stands where its value belongs: it may be one that the list does not have. */
function withOwn(best: Candidate, others: readonly Candidate[], of: (candidate: Candidate) => unknown): Candidate[] {
  const own = of(best);
  const rest = others.filter((other) => of(other) !== own);
  if (typeof own !== "number") return [best, ...rest];
  return [best, ...rest].sort((a, b) => Number(of(a)) - Number(of(b)));
}

function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}
