import type { EngineTraits } from "./engine-choice.ts";
import type { PlanOverrides } from "./plan.ts";
import type { Seat } from "./seats.ts";
import { evenDivisions, suitableWorkersOf } from "./split.ts";

/** One way to split a machine among workers. */
export interface Candidate {
  readonly workers: number;
  /** Of most workers; some may have one less or more. */
  readonly threads: number;
  /** Concurrent sequences in each worker. */
  readonly slots: number;
}

/**
 * In published grids (1B to 8B models on 64 to 192-core hosts), with as many sequences in all, 16 a worker gave more
 * tokens than 4 or 8 a worker in 14 of 74 cases, and 0.78 times as many in the median; 32 in 2 of 46, and 0.43 times.
 * Whoever wants more says so.
 */
const MOST_SLOTS_BY_ITSELF = 8;

/** All that respect the hardware and what was given; fewest workers first, never empty. */
export function candidatesFor(
  seats: readonly Seat[],
  given: Pick<PlanOverrides, "workers" | "threads" | "slots">,
  engine: Pick<EngineTraits, "mostSlots" | "usualSlots">,
  concurrency: number,
): Candidate[] {
  return workerCounts(seats, given).flatMap((workers) => {
    const threads = given.threads ?? threadsOfMost(seats, workers);
    const slotCounts = given.slots === undefined ? slotsFor(engine, Math.ceil(concurrency / workers)) : [given.slots];
    return slotCounts.map((slots) => ({ workers, threads, slots }));
  });
}

/** Where each seat is used: of most workers, give or take one. */
export function threadsOfMost(seats: readonly Seat[], workers: number): number {
  return Math.max(1, Math.round(seats.length / workers));
}

function workerCounts(seats: readonly Seat[], { workers, threads }: Pick<PlanOverrides, "workers" | "threads">) {
  if (workers !== undefined) return [workers];
  return threads === undefined ? evenDivisions(seats) : [suitableWorkersOf(seats, threads)];
}

/** One, or what the engine computes together, or twice that: no more than the requests that a worker gets need. */
function slotsFor(
  { mostSlots, usualSlots }: Pick<EngineTraits, "mostSlots" | "usualSlots">,
  requests: number,
): number[] {
  const most = Math.min(mostSlots, MOST_SLOTS_BY_ITSELF);
  const counts = [1];
  for (let slots = usualSlots; slots <= most && (counts.at(-1) ?? 0) < requests; slots *= 2)
    if (slots > 1) counts.push(slots);
  return counts;
}
