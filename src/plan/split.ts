import { groupBy } from "./group-by.ts";
import type { Seat } from "./seats.ts";

/** Cores of one worker on a big machine: 4 to 8 sequences keep about so many busy (measured on 32 to 192-core hosts). */
const CORES_A_WORKER = 8;
/** From here on a machine is big; below it two workers are what keeps service alive when one dies. */
const BIG = 16;

/** How many workers suit these seats. No worker shares a cache with another half: each cache has its own, or several. */
export function suitableWorkers(seats: readonly Seat[]): number {
  const caches = groupsOf(seats, "cache");
  // The gateway may have taken one core of a big machine.
  if (seats.length >= BIG - 1)
    return sum(caches.map((group) => Math.max(1, Math.round(group.length / CORES_A_WORKER))));
  return Math.min(seats.length, Math.max(2, caches.length));
}

/** How many sets of so many threads these seats hold without straddling a cache, else a domain; at least 1. */
export function suitableWorkersOf(seats: readonly Seat[], threads: number): number {
  const within = (level: Level) => sum(groupsOf(seats, level).map((group) => Math.floor(group.length / threads)));
  return within("cache") || within("domain") || 1;
}

/**
 * Splits seats among workers, as evenly as caches and domains allow. Sets are disjoint and together use all seats. A
 * worker straddles a cache or a domain only when there are fewer workers than those.
 */
export function divide(
  seats: readonly Seat[],
  workers: number,
  levels: readonly Level[] = ["domain", "cache"],
): Seat[][] {
  const [level, ...finer] = levels;
  if (workers === 1) return [[...seats]];
  if (level === undefined) return runs(seats, workers);
  const groups = groupsOf(seats, level);
  if (workers < groups.length) return runs(groups, workers).map((run) => run.flat());
  const shares = shareOut(
    groups.map((group) => group.length),
    workers,
  );
  return groups.flatMap((group, index) => divide(group, shares[index] ?? 1, finer));
}

/** Sets of exactly so many seats: within a cache if they all can be, else within a domain, else anywhere. */
export function pack(seats: readonly Seat[], workers: number, threads: number): Seat[][] {
  return (
    packWithin(groupsOf(seats, "cache"), workers, threads) ??
    packWithin(groupsOf(seats, "domain"), workers, threads) ??
    Array.from({ length: workers }, (_, index) => seats.slice(index * threads, (index + 1) * threads))
  );
}

/** Each next worker goes where most seats are free; null if they do not all fit. */
function packWithin(groups: Seat[][], workers: number, threads: number): Seat[][] | null {
  const free = groups.map((seats) => ({ seats: [...seats], sets: [] as Seat[][] }));
  for (let worker = 0; worker < workers; worker++) {
    const [roomiest] = free.toSorted((a, b) => b.seats.length - a.seats.length);
    if (!roomiest || roomiest.seats.length < threads) return null;
    roomiest.sets.push(roomiest.seats.splice(0, threads));
  }
  return free.flatMap(({ sets }) => sets);
}

type Level = "domain" | "cache";

function groupsOf(seats: readonly Seat[], level: Level): Seat[][] {
  return groupBy(seats, (seat) => seat[level]);
}

/** One share for each, the rest one by one to whoever has most for each share so far: [7, 8] among 3 -> [1, 2]. */
function shareOut(sizes: readonly number[], shares: number): number[] {
  const given = sizes.map(() => 1);
  for (let rest = shares - sizes.length; rest > 0; rest--) {
    const ratios = sizes.map((size, index) => size / (given[index] ?? 1));
    const richest = ratios.indexOf(Math.max(...ratios));
    given[richest] = (given[richest] ?? 0) + 1;
  }
  return given;
}

/** Contiguous runs of nearly equal length, the longer ones first. */
function runs<T>(items: readonly T[], count: number): T[][] {
  const least = Math.floor(items.length / count);
  const longer = items.length % count;
  return Array.from({ length: count }, (_, index) => {
    const start = index * least + Math.min(index, longer);
    return items.slice(start, start + least + (index < longer ? 1 : 0));
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
