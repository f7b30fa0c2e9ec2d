import type { Ask } from "./ask.ts";

/** A request that was refused, and told when to come again. */
export interface Appointment {
  /** When it first came. It takes its place in the line by that. */
  readonly since: number;
  /** From when on it will be taken. */
  readonly due: number;
}

interface Made extends Appointment {
  readonly key: number;
  isKept: boolean;
}

/** Milliseconds after which who has not come is not waited for. */
const GRACE = 10_000;
/** Appointments are so much further apart than slots free, or those that come later would find the line longer. */
const SLACK = 1.1;
/** How much the newest counts of those that came or did not: the last twenty or so decide. */
const WEIGHT = 0.05;
/** Of those that were told to come, at least so many are reckoned with. */
const LEAST_SHARE = 0.1;
/** Of the same request: who asks again and again without heeding what it is told gets no more. */
const MOST_OF_ONE = 16;
/** In all. */
const MOST = 10_000;

/**
 * Who was told to come again is taken when it does: otherwise those that happen to come in between would always be
 * before it, and nothing it was told would be true. A request is known again by its prompt. Times are milliseconds of
 * Admission's clock.
 */
export class Appointments {
  /** In the order in which they are due, those that were kept among them until their time is over. */
  #all: Made[] = [];
  /** Where those begin whose time is not over. */
  #first = 0;
  /** Those that are open, by request, the first one due first. */
  readonly #open = new Map<number, Made[]>();
  #count = 0;
  #lastDue = 0;
  /** Of those that were told to come, the share that did. */
  #coming = 1;

  /**
   * @param earliest when there should be room for it, if it were the only one
   * @param spacing between one slot that frees and the next
   */
  make(ask: Ask, now: number, { earliest, spacing }: { earliest: number; spacing: number }): Appointment {
    this.#forget(now);
    const key = keyOf(ask);
    const others = this.#open.get(key) ?? [];
    const last = others.at(-1);
    if (last !== undefined && others.length >= MOST_OF_ONE) return last;
    const due = Math.max(earliest, this.#lastDue + SLACK * spacing * Math.max(LEAST_SHARE, this.#coming));
    const made: Made = { since: now, due, key, isKept: false };
    if (this.#count >= MOST) return made;
    this.#lastDue = due;
    this.#all.push(made);
    this.#open.set(key, [...others, made]);
    this.#count += 1;
    return made;
  }

  /** That of this request, if its time has come; it is kept by that. */
  keep(ask: Ask, now: number): Appointment | null {
    this.#forget(now);
    const [first] = this.#open.get(keyOf(ask)) ?? [];
    if (first === undefined || first.due > now) return null;
    first.isKept = true;
    this.#close(first);
    this.#coming += WEIGHT * (1 - this.#coming);
    return first;
  }

  /** How many are due until then. */
  dueBy(time: number): number {
    let due = 0;
    for (let at = this.#first; at < this.#all.length; at += 1) {
      const made = this.#all[at] as Made;
      if (made.due > time) break;
      if (!made.isKept) due += 1;
    }
    return due;
  }

  /** They are due in their order: only the first need be looked at. */
  #forget(now: number): void {
    for (
      let made = this.#all[this.#first];
      made !== undefined && made.due + GRACE <= now;
      made = this.#all[this.#first]
    ) {
      this.#first += 1;
      if (made.isKept) continue;
      this.#close(made);
      this.#coming *= 1 - WEIGHT;
    }
    if (this.#first > MOST) {
      this.#all = this.#all.slice(this.#first);
      this.#first = 0;
    }
    if (this.#count === 0) this.#lastDue = now;
  }

  #close(made: Made): void {
    const left = (this.#open.get(made.key) ?? []).filter((each) => each !== made);
    if (left.length === 0) this.#open.delete(made.key);
    else this.#open.set(made.key, left);
    this.#count -= 1;
  }
}

function keyOf({ prompt, bytes }: Ask): number {
  return prompt.links.at(-1) ?? bytes;
}
