import { CorralError } from "../errors.ts";
import { Appointments } from "./appointments.ts";
import type { Ask } from "./ask.ts";
import type { Desk } from "./desk.ts";
import type { Standing } from "./line.ts";
import { ServiceTime } from "./service-time.ts";

/** What the line has room for. */
export interface Room {
  /** In all, those that wait already included. */
  readonly requests: number;
  /** Of bodies, beside theirs. */
  readonly bytes: number;
}

interface Reason {
  readonly code: "CORRAL_QUEUE_FULL" | "CORRAL_TOO_LATE";
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** Milliseconds until there should be room for it. Default: until the next slot is free. */
  readonly wait?: number;
}

/**
 * Who is refused, and when it is to come again. Who comes when it was told to is taken, beyond the bounds if need be: at
 * most as many again as may wait, and as many as are answered in a second or two. Times are milliseconds of Admission's clock.
 */
export class Refusals {
  readonly #desk: Desk;
  readonly #serviceTime = new ServiceTime();
  readonly #appointments = new Appointments();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** A request has held its slot for so long. */
  learn(held: number): void {
    this.#serviceTime.record(held);
  }

  /**
   * @returns since when it counts as waiting
   * @throws CorralError CORRAL_QUEUE_FULL, CORRAL_TOO_LATE
   */
  check(ask: Ask, now: number, room: Room): number {
    const appointment = this.#appointments.keep(ask, now);
    if (appointment !== null && this.#desk.line.size < this.#most(room)) return appointment.since;
    this.#refuseIfFull(ask, now, room);
    if (ask.deadline !== null) this.#refuseIfTooLate(ask, ask.deadline, now);
    return now;
  }

  /** Its time is over, and it still waits. */
  overtaken({ since }: Standing, ask: Ask, now: number): CorralError {
    const message = "no worker was free for the request in the time that it gives";
    return this.#refusal(ask, now, { code: "CORRAL_TOO_LATE", message, facts: { waited: Math.round(now - since) } });
  }

  #refuseIfFull(ask: Ask, now: number, room: Room): void {
    const waiting = this.#desk.line.size;
    if (waiting === 0 && this.#desk.hasFree) return;
    const facts = { limit: room.requests, waiting };
    const code = "CORRAL_QUEUE_FULL";
    if (waiting >= room.requests) {
      const message = `${waiting} requests wait already, as many as queueLimit allows`;
      throw this.#refusal(ask, now, { code, message, facts });
    }
    if (waiting > 0 && ask.bytes > room.bytes) {
      const message = "the bodies of requests that wait are as large as queueBytes allows";
      throw this.#refusal(ask, now, { code, message, facts });
    }
  }

  /** What an idle upstream takes is not refused, however long it is to take: nothing would be gained by that. */
  #refuseIfTooLate(ask: Ask, deadline: number, now: number): void {
    const forecast = this.#desk.forecast({ since: now, priority: ask.priority, again: false }, ask);
    if (forecast === null || forecast.delay <= 0) return;
    const { firstToken } = forecast.prediction;
    // Those that were told to come again before it will go before it.
    const returning = this.#appointments.dueBy(now + firstToken) * this.#spacing;
    const predicted = firstToken + returning;
    const late = now + predicted - deadline;
    if (late <= 0) return;
    const timeout = deadline - now;
    throw this.#refusal(ask, now, {
      code: "CORRAL_TOO_LATE",
      message: `the first token is predicted in ${seconds(predicted)} s and wanted within ${seconds(timeout)} s`,
      facts: { timeout: Math.round(timeout), predicted: Math.round(predicted) },
      wait: Math.min(late, forecast.delay + returning),
    });
  }

  /** Those that were told to come in the same second come all at once. */
  #most({ requests }: Room): number {
    return 2 * (requests + Math.ceil(1_000 / this.#spacing)) + this.#desk.slots;
  }

  #refusal(ask: Ask, now: number, { code, message, facts, wait = 0 }: Reason): CorralError {
    const spacing = this.#spacing;
    const { due } = this.#appointments.make(ask, now, { earliest: now + Math.max(wait, spacing), spacing });
    const retryAfter = Math.max(1, Math.ceil((due - now) / 1_000));
    return new CorralError(code, `${message}; try again in ${retryAfter} s`, { facts: { ...facts, retryAfter } });
  }

  /** Milliseconds from one slot that frees to the next. */
  get #spacing(): number {
    return this.#serviceTime.mean / Math.max(1, this.#desk.slots);
  }
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1_000).toFixed(1);
}
