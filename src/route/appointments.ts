import type { Ask } from "./ask.ts";

/** A request that was refused, and told when to come again. */
export interface Appointment {
  /** When it first came. It takes its place in the line by that. */
  readonly since: number;
  /** From when on it will be taken. */
  readonly due: number;
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
  /** By request, the first one due first. */
  readonly #made = new Map<number, Appointment[]>();
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
    const others = this.#made.get(key) ?? [];
    const last = others.at(-1);
    if (last !== undefined && (others.length >= MOST_OF_ONE || this.#count >= MOST)) return last;
    const due = Math.max(earliest, this.#lastDue + SLACK * spacing * Math.max(LEAST_SHARE, this.#coming));
    const appointment = { since: now, due };
    if (this.#count >= MOST) return appointment;
    this.#lastDue = due;
    this.#made.set(key, [...others, appointment]);
    this.#count += 1;
    return appointment;
  }

  /** That of this request, if its time has come; it is kept by that. */
  keep(ask: Ask, now: number): Appointment | null {
    this.#forget(now);
    const key = keyOf(ask);
    const [first, ...others] = this.#made.get(key) ?? [];
    if (first === undefined || first.due > now) return null;
    this.#replace(key, others);
    this.#count -= 1;
    this.#coming += WEIGHT * (1 - this.#coming);
    return first;
  }

  /** How many are due until then. */
  dueBy(time: number): number {
    let due = 0;
    for (const appointments of this.#made.values()) for (const each of appointments) if (each.due <= time) due += 1;
    return due;
  }

  #forget(now: number): void {
    for (const [key, appointments] of this.#made) {
      const left = appointments.filter(({ due }) => due + GRACE > now);
      if (left.length === appointments.length) continue;
      const missed = appointments.length - left.length;
      this.#count -= missed;
      this.#coming *= (1 - WEIGHT) ** missed;
      this.#replace(key, left);
    }
    if (this.#count === 0) this.#lastDue = now;
  }

  #replace(key: number, appointments: Appointment[]): void {
    if (appointments.length === 0) this.#made.delete(key);
    else this.#made.set(key, appointments);
  }
}

function keyOf({ prompt, bytes }: Ask): number {
  return prompt.links.at(-1) ?? bytes;
}
