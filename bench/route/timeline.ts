interface Entry<E> {
  readonly at: number;
  /** Of those at one moment the one that was added first comes first. */
  readonly order: number;
  readonly event: E;
}

/** Events to come, the soonest first: a binary heap. */
export class Timeline<E> {
  readonly #heap: Entry<E>[] = [];
  #added = 0;

  add(at: number, event: E): void {
    const heap = this.#heap;
    const entry = { at, order: this.#added++, event };
    let place = heap.length;
    heap.push(entry);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = entry;
  }

  /** Takes the soonest out; null where there is none. */
  next(): { at: number; event: E } | null {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return null;
    if (this.#heap.length > 0) this.#sink(last);
    return first;
  }

  /** Puts an entry into the top's place, and further down while one below is sooner. */
  #sink(entry: Entry<E>): void {
    const heap = this.#heap;
    let place = 0;
    for (;;) {
      const left = heap[2 * place + 1];
      const right = heap[2 * place + 2];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const sooner = isRight ? right : left;
      if (sooner === undefined || !isBefore(sooner, entry)) break;
      heap[place] = sooner;
      place = 2 * place + (isRight ? 2 : 1);
    }
    heap[place] = entry;
  }
}

function isBefore<E>(a: Entry<E>, b: Entry<E>): boolean {
  return a.at === b.at ? a.order < b.order : a.at < b.at;
}
