import type { KeyValueType } from "./settings.ts";
import type { Shape } from "./shape.ts";

/** What may change for memory. */
export interface Freedom {
  /** What the user gave: it stays. */
  readonly fixed: ReadonlySet<keyof Shape>;
  /** Concurrent sequences that one worker can compute. */
  readonly mostSlots: number;
  /** Those that the engine and the user's other settings allow. */
  readonly keyValueTypes: readonly KeyValueType[];
}

/** Contexts below are given last: few conversations fit. */
const USEFUL_CONTEXT = 4096;
/** A request that uses less than this is no use to most people. */
const LEAST_CONTEXT = 1024;

/** From a shape to ever smaller ones, the shape itself first. */
type Ladder = (shape: Shape, freedom: Freedom) => readonly Shape[];

/** In the order in which things are given up. */
const LADDERS: readonly Ladder[] = [
  fewerWorkers,
  (shape, { fixed }) => contexts(shape, fixed, shape.context, USEFUL_CONTEXT),
  smallerKeysAndValues,
  sharedWeights,
  fewerRequests,
  (shape, { fixed }) => contexts(shape, fixed, Math.min(shape.context, USEFUL_CONTEXT), LEAST_CONTEXT),
];

/**
 * All shapes that a wish may become, the best one, which is the wish itself, first. What is given up late is only looked
 * at when all that is given up before it was not enough; then the early things are given back as far as memory allows.
 */
export function* shapesFor(wanted: Shape, freedom: Freedom, ladders = LADDERS): Generator<Shape> {
  const last = ladders.at(-1);
  if (last === undefined) yield wanted;
  else for (const shape of last(wanted, freedom)) yield* shapesFor(shape, freedom, ladders.slice(0, -1));
}

/** As many requests at once as before, or nearly, by fewer processes: the price is that one's death costs more. */
function fewerWorkers(shape: Shape, { fixed, mostSlots }: Freedom): Shape[] {
  if (fixed.has("workers")) return [shape];
  const requests = shape.workers * shape.slots;
  return Array.from({ length: shape.workers }, (_, fewer) => shape.workers - fewer).map((workers) => {
    if (workers === shape.workers || fixed.has("slots")) return { ...shape, workers };
    return { ...shape, workers, slots: Math.min(mostSlots, inFours(requests / workers)) };
  });
}

/** Sequences are computed in fours: 6 take as long as 8. */
function inFours(slots: number): number {
  return slots < 4 ? Math.max(1, Math.round(slots)) : 4 * Math.round(slots / 4);
}

function contexts(shape: Shape, fixed: Freedom["fixed"], from: number, least: number): Shape[] {
  if (fixed.has("context")) return [shape];
  const shapes = [shape];
  for (let context = from; context > least; shapes.push({ ...shape, context }))
    context = Math.max(least, Math.floor(context / 2));
  return shapes;
}

function smallerKeysAndValues(shape: Shape, { fixed, keyValueTypes }: Freedom): Shape[] {
  const canShrink = shape.keyValueType === "f16" && keyValueTypes.includes("q8_0") && !fixed.has("keyValueType");
  return canShrink ? [shape, { ...shape, keyValueType: "q8_0" }] : [shape];
}

/** All workers read the same pages of the file; prompts are read more slowly, by about a third. */
function sharedWeights(shape: Shape, { fixed }: Freedom): Shape[] {
  return shape.repack && !fixed.has("repack") ? [shape, { ...shape, repack: false }] : [shape];
}

function fewerRequests(shape: Shape, { fixed }: Freedom): Shape[] {
  const shapes = [shape];
  for (let { workers, slots } = shape; ; shapes.push({ ...shape, workers, slots })) {
    if (workers > 1 && !fixed.has("workers")) workers = Math.floor(workers / 2);
    else if (slots > 1 && !fixed.has("slots")) slots = slots > 4 ? inFours(slots / 2) : 1;
    else return shapes;
  }
}
