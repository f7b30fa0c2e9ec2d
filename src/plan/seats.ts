import type { Cpu, Machine } from "../machine/machine.ts";
import { groupBy } from "./group-by.ts";

/** A place where one thread of a worker runs. */
export interface Seat {
  readonly cpu: number;
  /** Same within one NUMA node of one package: threads that share memory should not leave it. */
  readonly domain: string;
  /** Same within one last-level cache of one domain, and for cores of one kind. */
  readonly cache: string;
}

/** Seats enough for what was asked, and what had to be given up for them. */
export interface Seats {
  readonly seats: readonly Seat[];
  /** CPUs left to the gateway; empty where it shares those of the workers. */
  readonly gatewayCpus: readonly number[];
  readonly warnings: readonly string[];
}

/** With so many cores to use, the gateway gets one to itself; with fewer a whole core would be too dear. */
const CORES_FOR_A_GATEWAY = 8;

/**
 * The seats that a plan uses by itself: one on each physical core, since SMT siblings share the units that do the
 * arithmetic and the second only waits for the first; on performance cores alone, since all threads of a worker wait
 * for its slowest; no more than the CPU quota pays for, since a group over its quota stops altogether until the next
 * period. The gateway's core is the first one, where most interrupts arrive.
 */
function preferredSeats(machine: Machine): Seats {
  const cores = coresOf(machine);
  const fast = cores.filter(({ kind }) => kind === "performance");
  const wanted = fast.length > 0 ? fast : cores;
  const used = wanted.slice(0, paidFor(machine));
  const warnings = used.length < wanted.length ? [sharedHost(machine, used.length, wanted.length)] : [];
  const [first, ...others] = used;
  return first && used.length >= CORES_FOR_A_GATEWAY
    ? { seats: others.map(seatOf), gatewayCpus: first.cpus, warnings }
    : { seats: used.map(seatOf), gatewayCpus: [], warnings };
}

/** What was asked for by number. */
export interface Wish {
  readonly workers?: number | undefined;
  readonly threads?: number | undefined;
}

/**
 * Preferred seats if they are enough for the wish; else exactly as many as it needs, giving up in this order: the
 * gateway's own core, the quota, performance cores, physical cores. The wish is one that `lackOfSeats` grants.
 */
export function seatsFor(machine: Machine, wish: Wish): Seats {
  const { workers = 1, threads = 1 } = wish;
  const need = workers * threads;
  const preferred = preferredSeats(machine);
  if (need <= preferred.seats.length) return preferred;

  const cores = coresOf(machine);
  const fast = cores.filter(({ kind }) => kind === "performance");
  const physical = fast.length > 0 ? [...fast, ...cores.filter((core) => !fast.includes(core))] : cores;
  const warnings: string[] = [];
  if (machine.cpuQuota !== null && need > machine.cpuQuota)
    warnings.push(
      `${need} threads run under a quota of ${machine.cpuQuota} CPUs: they will be stopped for part of the time.`,
    );
  if (need > physical.length)
    warnings.push(
      `${need} threads on ${physical.length} physical cores: SMT siblings share a core's arithmetic, so expect little or no gain over ${physical.length}.`,
    );
  else if (fast.length > 0 && need > fast.length)
    warnings.push(
      `Only ${fast.length} of ${physical.length} cores are performance cores: workers on the others are slower.`,
    );
  // Threads of one worker may share a core; workers of one thread get a core each as long as there are any.
  const siblingsLast = physical.map(seatOf).concat(physical.flatMap((core) => siblingSeats(core).slice(1)));
  const seats = need <= physical.length || threads === 1 ? siblingsLast : physical.flatMap(siblingSeats);
  return { seats: seats.slice(0, need), gatewayCpus: [], warnings };
}

interface Core {
  readonly cpus: readonly number[];
  readonly domain: string;
  readonly cache: string;
  readonly kind: Cpu["kind"];
}

/** Physical cores, those of one domain and cache side by side. */
function coresOf(machine: Machine): Core[] {
  const cores = groupBy(machine.cpus, ({ core }) => core).flatMap((cpus): (Core & { first: Cpu })[] => {
    const [first] = cpus;
    if (!first) return [];
    const domain = `package ${first.package} node ${first.node}`;
    const cache = `${domain} cache ${first.cacheGroup ?? "unknown"} ${first.kind}`;
    return [{ cpus: cpus.map(({ id }) => id), domain, cache, kind: first.kind, first }];
  });
  const places = new Map<string, number>();
  for (const { cache } of cores) places.set(cache, places.get(cache) ?? places.size);
  return cores.sort(
    (a, b) =>
      a.first.package - b.first.package ||
      a.first.node - b.first.node ||
      (places.get(a.cache) ?? 0) - (places.get(b.cache) ?? 0) ||
      a.first.id - b.first.id,
  );
}

function seatOf({ cpus: [cpu = 0], domain, cache }: Core): Seat {
  return { cpu, domain, cache };
}

function siblingSeats({ cpus, domain, cache }: Core): Seat[] {
  return cpus.map((cpu) => ({ cpu, domain, cache }));
}

/** A quota says how much, not where: two containers with quotas alone would be pinned to the same first cores. */
function sharedHost({ cpuQuota }: Machine, used: number, all: number): string {
  return `The quota of ${cpuQuota} CPUs pays for ${used} of ${all} cores: where other containers pin theirs too, give each a cpuset of its own.`;
}

function paidFor({ cpuQuota }: Machine): number {
  return cpuQuota === null ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(cpuQuota));
}

/** A wish for more threads than there are CPUs. */
export interface LackOfSeats {
  readonly need: number;
  readonly cpus: number;
  readonly asked: Wish;
  /** As much of the wish as there are CPUs for. */
  readonly nearest: Wish;
}

/** Null where there are CPUs enough. */
export function lackOfSeats({ cpus }: Machine, { workers, threads }: Wish): LackOfSeats | null {
  const need = (workers ?? 1) * (threads ?? 1);
  if (need <= cpus.length) return null;
  const fitting = Math.min(workers ?? 1, cpus.length);
  const nearest = {
    ...(workers === undefined ? {} : { workers: fitting }),
    ...(threads === undefined ? {} : { threads: Math.floor(cpus.length / fitting) }),
  };
  return { need, cpus: cpus.length, asked: { workers, threads }, nearest };
}
