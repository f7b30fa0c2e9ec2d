/** How much the newest request weighs: the last ten or so count. */
const WEIGHT = 0.2;
/** Milliseconds, where nothing has been served yet: about the start of a worker. */
const UNKNOWN = 5_000;

/** A moving mean of how long requests hold a slot. */
export class ServiceTime {
  #mean: number | null = null;

  record(milliseconds: number): void {
    this.#mean = this.#mean === null ? milliseconds : this.#mean + WEIGHT * (milliseconds - this.#mean);
  }

  /** Milliseconds. */
  get mean(): number {
    return this.#mean ?? UNKNOWN;
  }
}
