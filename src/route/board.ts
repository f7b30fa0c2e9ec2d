import { PrefixIndex } from "./prefix-index.ts";
import { RecentWork } from "./recent-work.ts";

/** What is to happen to a request on an upstream. Milliseconds from now. */
export interface Times {
  /** Until it has a slot. */
  readonly start: number;
  /** Until its first token. */
  readonly firstToken: number;
  /** Until its answer is there. */
  readonly end: number;
}

/** An upstream as it is now. Times are milliseconds of Admission's clock. */
export interface Row {
  /** Whether requests may go to it, busy or not. */
  readonly open: boolean;
  readonly slots: number;
  /** Requests in flight. */
  readonly busy: number;
  /** Rises with each use of any; 0 before the first. */
  readonly lastUsed: number;
  /** When the prompts that it has now should have been computed; 0 where it has none that is not. */
  readonly promptsDoneAt: number;
  /** When the first request in flight should be over; 0 where there is none. */
  readonly freeAt: number;
  /** Milliseconds for a token of a prompt. */
  readonly promptPace: number;
  /** Milliseconds for a token of an answer, with one request more than it has now. */
  readonly answerPace: number;
  /** A hash of what it is called over restarts, the same in every process. */
  readonly identity: number;
}

interface Reserved {
  readonly row: number;
  readonly free: number;
  readonly freeAt: number;
  readonly promptsDoneAt: number;
}

const CLOSED = -1;

/**
 * What policies choose by: a row for each upstream, as columns of plain numbers, so that a thousand of them are gone
 * over in microseconds. Times are milliseconds of Admission's clock.
 */
export class Board {
  readonly index: PrefixIndex = new PrefixIndex();
  readonly recentWork: RecentWork = new RecentWork();
  /** Rows that have been given out; of those some may be vacant. */
  rows = 0;
  /** Tokens of an answer, on average. */
  answerTokens = 128;
  /** Of the tokens that are expected to be found in an upstream, the share that is. */
  trust = 1;
  /** Slots that are free; -1 where no requests may go. */
  free: Int32Array = new Int32Array(0);
  /** When a request that comes now could begin with its prompt; 0: at once. */
  beginAt: Float64Array = new Float64Array(0);
  // As in Row.
  lastUsed: Float64Array = new Float64Array(0);
  promptPace: Float64Array = new Float64Array(0);
  answerPace: Float64Array = new Float64Array(0);
  identity: Float64Array = new Float64Array(0);
  freeAt: Float64Array = new Float64Array(0);
  promptsDoneAt: Float64Array = new Float64Array(0);
  slots: Float64Array = new Float64Array(0);
  /** For policies to write on: tokens of the prompt in question that it holds. */
  hits: Float64Array = new Float64Array(0);
  readonly #vacant: number[] = [];
  readonly #reserved: Reserved[] = [];

  /** A row for an upstream, closed at first. */
  take(): number {
    const row = this.#vacant.pop() ?? this.rows++;
    if (row >= this.free.length) this.#grow(Math.max(8, 2 * this.free.length));
    this.free[row] = CLOSED;
    return row;
  }

  write(row: number, { open, slots, busy, ...facts }: Row): void {
    this.free[row] = open ? slots - busy : CLOSED;
    this.slots[row] = slots;
    this.lastUsed[row] = facts.lastUsed;
    this.promptPace[row] = facts.promptPace;
    this.answerPace[row] = facts.answerPace;
    this.identity[row] = facts.identity;
    this.#writeTimes(row, facts.freeAt, facts.promptsDoneAt);
  }

  vacate(row: number): void {
    this.free[row] = CLOSED;
    this.recentWork.clear(row);
    this.#vacant.push(row);
  }

  /** Whether any upstream has a slot free. */
  get hasFree(): boolean {
    for (let row = 0; row < this.rows; row += 1) if (this.isFree(row)) return true;
    return false;
  }

  isFree(row: number): boolean {
    return (this.free[row] as number) > 0;
  }

  /** As if a request had gone to this upstream, or waited for it; until `restore`. @param times in milliseconds from now */
  reserve(row: number, now: number, { start, firstToken, end }: Times): void {
    const free = this.free[row] as number;
    const freeAt = this.freeAt[row] as number;
    const promptsDoneAt = this.promptsDoneAt[row] as number;
    this.#reserved.push({ row, free, freeAt, promptsDoneAt });
    if (free > 0) this.free[row] = free - 1;
    // Of several slots the next is free soon after the first.
    const nextFreeAt = freeAt + (end - start) / (this.slots[row] as number);
    const freeNext = free > 0 ? Math.min(freeAt || Number.POSITIVE_INFINITY, now + end) : nextFreeAt;
    this.#writeTimes(row, freeNext, Math.max(promptsDoneAt, now + firstToken));
  }

  restore(): void {
    for (let last = this.#reserved.pop(); last !== undefined; last = this.#reserved.pop()) {
      this.free[last.row] = last.free;
      this.#writeTimes(last.row, last.freeAt, last.promptsDoneAt);
    }
  }

  #writeTimes(row: number, freeAt: number, promptsDoneAt: number): void {
    this.freeAt[row] = freeAt;
    this.promptsDoneAt[row] = promptsDoneAt;
    this.beginAt[row] = this.free[row] === 0 ? Math.max(freeAt, promptsDoneAt) : promptsDoneAt;
  }

  #grow(length: number): void {
    const longer = (column: Float64Array): Float64Array => {
      const copy = new Float64Array(length);
      copy.set(column);
      return copy;
    };
    const free = new Int32Array(length);
    free.set(this.free);
    this.free = free;
    this.beginAt = longer(this.beginAt);
    this.lastUsed = longer(this.lastUsed);
    this.promptPace = longer(this.promptPace);
    this.answerPace = longer(this.answerPace);
    this.identity = longer(this.identity);
    this.freeAt = longer(this.freeAt);
    this.promptsDoneAt = longer(this.promptsDoneAt);
    this.slots = longer(this.slots);
    this.hits = longer(this.hits);
    this.recentWork.grow(length);
  }
}
