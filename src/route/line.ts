/** What decides the order of those that wait. */
export interface Standing {
  /** When it came, in milliseconds of Admission's clock; when it first came, if it was told to come again. */
  readonly since: number;
  /** Higher goes first. */
  readonly priority: number;
  /** It had a slot before, and could not use it: it goes before all that had none. */
  readonly again: boolean;
}

/**
 * Milliseconds of waiting that one step of priority is worth. So a request is passed only by those that come within so
 * many times the difference in priority after it: nobody waits for ever.
 */
const PRIORITY_STEP = 10_000;

/** Those that wait, in their order. */
export class Line<T extends Standing> {
  readonly #waiting: T[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** Of the one that waits for longest; null where none waits. */
  get oldest(): number | null {
    if (this.#waiting.length === 0) return null;
    return this.#waiting.reduce((oldest, { since }) => Math.min(oldest, since), Number.POSITIVE_INFINITY);
  }

  add(entry: T): void {
    const key = keyOf(entry);
    let at = this.#waiting.length;
    while (at > 0 && keyOf(this.#waiting[at - 1] as T) > key) at -= 1;
    this.#waiting.splice(at, 0, entry);
  }

  remove(entry: T): boolean {
    const at = this.#waiting.indexOf(entry);
    if (at >= 0) this.#waiting.splice(at, 1);
    return at >= 0;
  }

  /** A copy: who is in it may leave the line meanwhile. */
  inOrder(): readonly T[] {
    return [...this.#waiting];
  }

  /** Those that go before one that is not in the line. */
  before(standing: Standing): readonly T[] {
    const key = keyOf(standing);
    return this.#waiting.filter((entry) => keyOf(entry) <= key);
  }
}

function keyOf({ since, priority, again }: Standing): number {
  return again ? Number.NEGATIVE_INFINITY : since - priority * PRIORITY_STEP;
}
