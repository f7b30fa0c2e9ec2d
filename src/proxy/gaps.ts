/** Upper bounds of `Gaps.counts`, milliseconds: from a small model's token to a stream that hangs. */
const BOUNDS = [10, 15, 25, 40, 60, 100, 150, 250, 400, 600, 1_000, 2_500, 10_000, 60_000, 600_000] as const;

/** The pauses between the pieces of one stream, which are mostly a token each. Milliseconds. */
export interface Gaps {
  readonly count: number;
  readonly sum: number;
  readonly longest: number;
  readonly bounds: readonly number[];
  /** How many were no longer than the bound at the same place, and longer than the one before; the last: than all. */
  readonly counts: readonly number[];
}

/** Counts pauses into buckets as they come: a stream may have thousands, and none is kept. */
export class GapCounter implements Gaps {
  readonly bounds: readonly number[] = BOUNDS;
  readonly counts: number[] = new Array<number>(BOUNDS.length + 1).fill(0);
  count = 0;
  sum = 0;
  longest = 0;

  add(milliseconds: number): void {
    let at = 0;
    while (milliseconds > (BOUNDS[at] ?? Number.POSITIVE_INFINITY)) at += 1;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.count += 1;
    this.sum += milliseconds;
    if (milliseconds > this.longest) this.longest = milliseconds;
  }
}
