const EMPTY = -1;
const LEAST_CAPACITY = 1_024;
/** Slots taken before the table grows, and left before it shrinks, as shares of it. */
const FULL = 0.6;
const SPARSE = 0.1;

/**
 * Which rows hold a link. A hash table of plain numbers, since there may be a million links and nearly all of them are
 * held by one row: a link is itself a hash, a look costs one place in memory or two, and nothing is allocated for it.
 */
export class LinkTable {
  #links = new Float64Array(LEAST_CAPACITY);
  /** By place: the row that holds the link; below EMPTY, the rows at `-2 - holder` of the many. */
  #holders = new Int32Array(LEAST_CAPACITY).fill(EMPTY);
  readonly #many: number[][] = [];
  readonly #unused: number[] = [];
  #size = 0;

  /** Links that are held. */
  get size(): number {
    return this.#size;
  }

  countOf(link: number): number {
    const holder = this.#holders[this.#placeOf(link)] as number;
    if (holder >= 0) return 1;
    return holder === EMPTY ? 0 : this.#manyOf(holder).length;
  }

  /** Writes the value for each row that holds the link. */
  mark(link: number, rows: Float64Array, value: number): void {
    const holder = this.#holders[this.#placeOf(link)] as number;
    if (holder >= 0) rows[holder] = value;
    else if (holder !== EMPTY) for (const row of this.#manyOf(holder)) rows[row] = value;
  }

  /** The row did not hold it before. */
  add(link: number, row: number): void {
    const place = this.#placeOf(link);
    const holder = this.#holders[place] as number;
    if (holder === EMPTY) {
      this.#links[place] = link;
      this.#holders[place] = row;
      this.#size += 1;
      if (this.#size > FULL * this.#holders.length) this.#resize(2 * this.#holders.length);
    } else if (holder >= 0) this.#holders[place] = this.#keepMany([holder, row]);
    else this.#manyOf(holder).push(row);
  }

  remove(link: number, row: number): void {
    const place = this.#placeOf(link);
    const holder = this.#holders[place] as number;
    if (holder === row) this.#vacate(place);
    else if (holder < EMPTY) this.#removeFrom(place, holder, row);
  }

  #removeFrom(place: number, holder: number, row: number): void {
    const rows = this.#manyOf(holder);
    const last = rows.pop();
    const at = rows.indexOf(row);
    if (at >= 0 && last !== undefined) rows[at] = last;
    const [only] = rows;
    if (rows.length > 1 || only === undefined) return;
    this.#unused.push(-2 - holder);
    this.#holders[place] = only;
  }

  /** Those behind it that are not where their hash says move up, so that no search stops before them. */
  #vacate(place: number): void {
    const mask = this.#holders.length - 1;
    let hole = place;
    for (let next = (hole + 1) & mask; this.#holders[next] !== EMPTY; next = (next + 1) & mask) {
      const home = (this.#links[next] as number) & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      this.#links[hole] = this.#links[next] as number;
      this.#holders[hole] = this.#holders[next] as number;
      hole = next;
    }
    this.#holders[hole] = EMPTY;
    this.#size -= 1;
    const { length } = this.#holders;
    if (length > LEAST_CAPACITY && this.#size < SPARSE * length) this.#resize(length / 2);
  }

  #placeOf(link: number): number {
    const holders = this.#holders;
    const links = this.#links;
    const mask = holders.length - 1;
    let place = link & mask;
    while (holders[place] !== EMPTY && links[place] !== link) place = (place + 1) & mask;
    return place;
  }

  #resize(capacity: number): void {
    const [links, holders] = [this.#links, this.#holders];
    this.#links = new Float64Array(capacity);
    this.#holders = new Int32Array(capacity).fill(EMPTY);
    for (let at = 0; at < holders.length; at += 1) {
      if (holders[at] === EMPTY) continue;
      const place = this.#placeOf(links[at] as number);
      this.#links[place] = links[at] as number;
      this.#holders[place] = holders[at] as number;
    }
  }

  #manyOf(holder: number): number[] {
    return this.#many[-2 - holder] as number[];
  }

  #keepMany(rows: number[]): number {
    const at = this.#unused.pop() ?? this.#many.length;
    this.#many[at] = rows;
    return -2 - at;
  }
}
