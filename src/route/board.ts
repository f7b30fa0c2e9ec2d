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

interface Reserved {
  readonly row: number;
  readonly busy: number;
  readonly freeAt: number;
  readonly promptsDoneAt: number;
}

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
  /** 1 where requests may go to it, busy or not. */
  open: Uint8Array = new Uint8Array(0);
  slots: Int32Array = new Int32Array(0);
  /** Requests in flight. */
  busy: Int32Array = new Int32Array(0);
  /** Rises with each use of any; 0 before the first. */
  lastUsed: Float64Array = new Float64Array(0);
  /** When the prompts that it has now should have been computed; 0 where it has none that is not. */
  promptsDoneAt: Float64Array = new Float64Array(0);
  /** When the first request in flight should be over; 0 where there is none. */
  freeAt: Float64Array = new Float64Array(0);
  /** Milliseconds for a token of a prompt. */
  promptPace: Float64Array = new Float64Array(0);
  /** Milliseconds for a token of an answer, with one request more than it has now. */
  answerPace: Float64Array = new Float64Array(0);
  /** A hash of what it is called over restarts, the same in every process. */
  identity: Float64Array = new Float64Array(0);
  /** For policies to write on: tokens of the prompt in question that it holds. */
  hits: Float64Array = new Float64Array(0);
  readonly #vacant: number[] = [];
  readonly #reserved: Reserved[] = [];

  /** A row for an upstream, closed at first. */
  take(): number {
    const row = this.#vacant.pop() ?? this.rows++;
    if (row >= this.open.length) this.#grow(Math.max(8, 2 * this.open.length));
    return row;
  }

  vacate(row: number): void {
    this.open[row] = 0;
    this.recentWork.clear(row);
    this.#vacant.push(row);
  }

  /** Whether any upstream has a slot free. */
  get hasFree(): boolean {
    for (let row = 0; row < this.rows; row += 1) if (this.isFree(row)) return true;
    return false;
  }

  isFree(row: number): boolean {
    return this.open[row] === 1 && (this.busy[row] as number) < (this.slots[row] as number);
  }

  /** As if a request had gone to this upstream, or waited for it; until `restore`. @param times in milliseconds from now */
  reserve(row: number, now: number, { start, firstToken, end }: Times): void {
    const busy = this.busy[row] as number;
    const freeAt = this.freeAt[row] as number;
    const promptsDoneAt = this.promptsDoneAt[row] as number;
    this.#reserved.push({ row, busy, freeAt, promptsDoneAt });
    const slots = this.slots[row] as number;
    if (busy < slots) this.busy[row] = busy + 1;
    // Of several slots the next is free soon after the first.
    this.freeAt[row] = busy < slots ? Math.min(freeAt || Infinity, now + end) : freeAt + (end - start) / slots;
    this.promptsDoneAt[row] = Math.max(promptsDoneAt, now + firstToken);
  }

  restore(): void {
    for (let last = this.#reserved.pop(); last !== undefined; last = this.#reserved.pop()) {
      this.busy[last.row] = last.busy;
      this.freeAt[last.row] = last.freeAt;
      this.promptsDoneAt[last.row] = last.promptsDoneAt;
    }
  }

  #grow(length: number): void {
    const longer = (column: Float64Array): Float64Array => {
      const copy = new Float64Array(length);
      copy.set(column);
      return copy;
    };
    const open = new Uint8Array(length);
    open.set(this.open);
    this.open = open;
    for (const name of ["slots", "busy"] as const) {
      const copy = new Int32Array(length);
      copy.set(this[name]);
      this[name] = copy;
    }
    this.lastUsed = longer(this.lastUsed);
    this.promptsDoneAt = longer(this.promptsDoneAt);
    this.freeAt = longer(this.freeAt);
    this.promptPace = longer(this.promptPace);
    this.answerPace = longer(this.answerPace);
    this.identity = longer(this.identity);
    this.hits = longer(this.hits);
    this.recentWork.grow(length);
  }
}
