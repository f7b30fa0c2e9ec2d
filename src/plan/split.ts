import { groupBy } from "./group-by.ts";
import type { Seat } from "./seats.ts";

/**
 * Numbers of workers that suit these seats, fewest first: each cache has workers of its own, all of nearly the same
 * width; or one worker has all seats, unless those are in several domains, where its threads would wait for far memory.
 */
export function evenDivisions(seats: readonly Seat[]): number[] {
  const sizes = groupsOf(seats, "cache").map((group) => group.length);
  const largest = Math.max(...sizes);
  const counts = wholeParts(largest).map((parts) =>
    sum(sizes.map((size) => Math.max(1, Math.round((size * parts) / largest)))),
  );
  const alone = groupsOf(seats, "domain").length === 1 ? [1] : [];
  return [...new Set([...alone, ...counts])].sort((a, b) => a - b);
}

/** Parts of one size; of an odd number one part may be a seat short, mostly the one that the gateway took. */
function wholeParts(size: number): number[] {
  const whole = size % 2 === 0 ? [size] : [size, size + 1];
  return Array.from({ length: size }, (_, index) => index + 1).filter((parts) =>
    whole.some((seats) => seats % parts === 0),
  );
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
export function divide(seats: readonly Seat[], workers: number): Seat[][] {
  const caches = groupsOf(seats, "cache");
  if (workers >= caches.length) return share(caches, workers, runs);
  const domains = groupsOf(seats, "domain");
  if (domains.length === 1) return runs(caches, workers).map((run) => run.flat());
  if (workers >= domains.length) return share(domains, workers, divide);
  return runs(domains, workers).map((run) => run.flat());
}

/** Each group is split among its share of the workers. */
function share(
  groups: readonly (readonly Seat[])[],
  workers: number,
  split: (seats: readonly Seat[], workers: number) => Seat[][],
): Seat[][] {
  const sizes = groups.map((group) => group.length);
  const shares = shareOut(sizes, workers);
  return groups.flatMap((group, index) => split(group, shares[index] ?? 1));
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

export type Level = "domain" | "cache";

export function groupsOf(seats: readonly Seat[], level: Level): Seat[][] {
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
