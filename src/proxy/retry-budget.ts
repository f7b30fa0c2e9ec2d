/** Retries that may always be made in so long a time, so that a lone worker's death costs a quiet pool nothing. */
const FLOOR = 20;
/** Milliseconds. */
const FLOOR_TIME = 10_000;
/** So many at most are saved up. */
const MOST = 200;

/** Keeps requests that are sent a second time to a share of all, so that an outage is not made worse by them. */
export class RetryBudget {
  /** From 0 to 1. */
  share: number;
  #left = FLOOR;
  #refilledAt: number;

  /** @param now milliseconds of a steady clock, as for `take` */
  constructor(share: number, now: number) {
    this.share = share;
    this.#refilledAt = now;
  }

  /** A request has come. */
  add(): void {
    this.#left = Math.min(MOST, this.#left + this.share);
  }

  /** @returns whether one more may be made */
  take(now: number): boolean {
    this.#refill(now);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  #refill(now: number): void {
    const share = (now - this.#refilledAt) / FLOOR_TIME;
    this.#refilledAt = now;
    if (this.#left < FLOOR) this.#left = Math.min(FLOOR, this.#left + FLOOR * share);
  }
}
