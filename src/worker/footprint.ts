import { readFile } from "node:fs/promises";
import { readCpuTime } from "./cpu-time.ts";

/** What a process takes, as the kernel counts it; null where it does not tell. */
export interface Footprint {
  /** performance.now() of the reading: CPU time between two readings is a load only by it. */
  readonly at: number;
  /** User and system, all threads, since the process started. */
  readonly cpuSeconds: number | null;
  /** Bytes in memory, those shared with other processes included. */
  readonly rss: number | null;
  /** Bytes in memory, of those shared with others its share: over all processes they add up to what is used. */
  readonly pss: number | null;
}

/** Milliseconds for which a reading is good. */
const GOOD_FOR = 1_000;
/**
 * For its PSS the kernel walks over all pages of a process, which takes a second where a model has tens of gigabytes. A
 * reading is good for so many times what it took: 5% of one CPU at most.
 */
const COST_FACTOR = 20;

interface Reading {
  readonly footprint: Promise<Footprint>;
  goodUntil: number;
}

/** Reads footprints, each process's no more often than it is worth. */
export class Footprints {
  readonly #readings = new Map<number, Reading>();
  readonly #read: (pid: number) => Promise<Footprint>;

  constructor(read: (pid: number) => Promise<Footprint> = readFootprint) {
    this.#read = read;
  }

  /** Of these processes; what is known of others is forgotten. */
  async of(pids: readonly number[]): Promise<ReadonlyMap<number, Footprint>> {
    for (const pid of this.#readings.keys()) if (!pids.includes(pid)) this.#readings.delete(pid);
    return new Map(await Promise.all(pids.map(async (pid) => [pid, await this.#one(pid)] as const)));
  }

  #one(pid: number): Promise<Footprint> {
    const known = this.#readings.get(pid);
    const began = performance.now();
    if (known !== undefined && began < known.goodUntil) return known.footprint;
    const reading: Reading = { footprint: this.#read(pid), goodUntil: Number.POSITIVE_INFINITY };
    this.#readings.set(pid, reading);
    reading.footprint.finally(() => {
      const now = performance.now();
      reading.goodUntil = now + Math.max(GOOD_FOR, COST_FACTOR * (now - began));
    });
    return reading.footprint;
  }
}

async function readFootprint(pid: number): Promise<Footprint> {
  const [cpuTime, status, rollup] = await Promise.all([
    readCpuTime(pid),
    readText(`/proc/${pid}/status`),
    readText(`/proc/${pid}/smaps_rollup`),
  ]);
  return {
    at: performance.now(),
    cpuSeconds: cpuTime === null ? null : cpuTime / 1000,
    rss: bytesOf(status, "VmRSS"),
    pss: bytesOf(rollup, "Pss"),
  };
}

/** Empty where there is none: another system, another user's process, one that has ended. */
async function readText(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => "");
}

/** Of a line "Pss:      1234 kB". Pure. */
export function bytesOf(text: string, name: string): number | null {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}
