import { readdirSync, readFileSync } from "node:fs";
import { request } from "undici";
import { median } from "../../src/load/statistics.ts";
import { processTree } from "../kit/process-cpu.ts";

const MIB = 1024 ** 2;

/** What an instance holds at one moment. */
export interface Reading {
  /** MiB of the main process: resident, and heap in use. */
  readonly resident: number;
  readonly heap: number;
  readonly descriptors: number;
  readonly timers: number;
  /** Of its workers and itself. */
  readonly processes: number;
}

export interface Third {
  readonly name: string;
  readonly first: number;
  readonly middle: number;
  readonly last: number;
  readonly isFlat: boolean;
}

/** As a ratio, and as a count for what comes in pieces. */
const LIMITS = { ratio: 1.1, pieces: 2 } as const;

/** What the instance holds, over time. */
export class Holdings {
  readonly readings: Reading[] = [];
  readonly #origin: string;
  readonly #pid: number;

  constructor(origin: string, pid: number) {
    this.#origin = origin;
    this.#pid = pid;
  }

  async read(): Promise<void> {
    const { body } = await request(`${this.#origin}/metrics`);
    const text = await body.text();
    const status = readFileSync(`/proc/${this.#pid}/status`, "utf8");
    this.readings.push({
      resident: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024,
      heap: figureOf(text, /^nodejs_heap_size_used_bytes (\S+)/m) / MIB,
      descriptors: readdirSync(`/proc/${this.#pid}/fd`).length,
      timers: figureOf(text, /^nodejs_active_resources\{type="Timeout"\} (\S+)/m),
      processes: processTree(this.#pid).length,
    });
  }

  thirds(): Third[] {
    const size = Math.floor(this.readings.length / 3);
    const names = ["resident", "heap", "descriptors", "timers", "processes"] as const;
    return names.map((name) => {
      const of = (from: number) => median(this.readings.slice(from, from + size).map((reading) => reading[name]));
      const [first, middle, last] = [of(0), of(size), of(2 * size)] as const;
      const isPieces = name !== "resident" && name !== "heap";
      const limit = isPieces ? Math.max(middle * LIMITS.ratio, middle + LIMITS.pieces) : middle * LIMITS.ratio;
      return { name: isPieces ? name : `${name}, MiB`, first, middle, last, isFlat: last <= limit };
    });
  }
}

function figureOf(metrics: string, pattern: RegExp): number {
  const value = pattern.exec(metrics)?.[1];
  if (value === undefined) throw new Error(`/metrics has no ${pattern}`);
  return Number(value);
}
