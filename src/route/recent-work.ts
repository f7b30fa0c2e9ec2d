/** Milliseconds after which work counts a third of what it did: some dozen requests even of a slow upstream. */
const MEMORY = 120_000;
/** Of the memory, what is taken to be over from the first moment on: one prompt is not all that there is to do. */
const LEAST_PAST = 0.1;
/** An upstream is never taken to have no time left at all. */
const MOST_SHARE = 0.95;
/** Memories after which what is noted is scaled down: numbers don't grow without end. */
const SCALED_AFTER = 100;

/** Which share of its time each upstream has spent on prompts of late. Upstreams are numbered as the rows of a Board. */
export class RecentWork {
  /** Milliseconds, larger the later: noted in units of `#from`, so that forgetting costs one factor for all rows. */
  #work: Float64Array = new Float64Array(0);
  #from = 0;
  /** When the first work was noted. */
  #since: number | null = null;

  /** For so many rows. */
  grow(rows: number): void {
    const work = new Float64Array(rows);
    work.set(this.#work);
    this.#work = work;
  }

  add(row: number, milliseconds: number, now: number): void {
    if (now - this.#from > SCALED_AFTER * MEMORY) this.#scaleTo(now);
    this.#since ??= now;
    this.#work[row] = (this.#work[row] as number) + milliseconds * Math.exp((now - this.#from) / MEMORY);
  }

  clear(row: number): void {
    this.#work[row] = 0;
  }

  /**
   * For each row, by what the column is to be multiplied to be a share: of the time that is remembered, which is less than
   * the memory at first.
   */
  factor(now: number): number {
    const past = 1 - Math.exp(((this.#since ?? now) - now) / MEMORY);
    return Math.exp((this.#from - now) / MEMORY) / (MEMORY * Math.max(LEAST_PAST, past));
  }

  /** From 0 to 0.95. */
  share(row: number, factor: number): number {
    return Math.min(MOST_SHARE, (this.#work[row] as number) * factor);
  }

  #scaleTo(now: number): void {
    const factor = Math.exp((this.#from - now) / MEMORY);
    for (let row = 0; row < this.#work.length; row += 1) this.#work[row] = (this.#work[row] as number) * factor;
    this.#from = now;
  }
}
