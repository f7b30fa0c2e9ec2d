/** How much the newest request weighs: the last ten or so count. */
const WEIGHT = 0.2;
/** Seconds. A client that is told less hammers, one that is told more gives up. */
const SOONEST = 1;
const LATEST = 120;
/** Seconds, where nothing has been served yet: about the start of a worker. */
const UNKNOWN = 5;

/** A moving mean of how long requests hold a slot. */
export class ServiceTime {
  #mean: number | null = null;

  record(milliseconds: number): void {
    this.#mean = this.#mean === null ? milliseconds : this.#mean + WEIGHT * (milliseconds - this.#mean);
  }

  /** Milliseconds; null before the first. */
  get mean(): number | null {
    return this.#mean;
  }
}

/** After how many whole seconds a refused request is likely to be taken: when a slot has freed for all that wait. */
export function retryAfter({ waiting, slots, mean }: { waiting: number; slots: number; mean: number | null }): number {
  if (mean === null || slots === 0) return UNKNOWN;
  const seconds = ((waiting + 1) * mean) / slots / 1_000;
  return Math.min(LATEST, Math.max(SOONEST, Math.ceil(seconds)));
}
