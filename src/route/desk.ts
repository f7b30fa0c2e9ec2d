import { CorralError } from "../errors.ts";
import type { Ask } from "./ask.ts";
import { Board } from "./board.ts";
import type { Clock } from "./clock.ts";
import { Habits } from "./habits.ts";
import { Line, type Standing } from "./line.ts";
import type { Lease, LiveUpstream } from "./live-upstream.ts";
import { NONE, type Policy } from "./policy.ts";
import { type Prediction, predict, predictedTime } from "./predicted-time.ts";
import { Station } from "./station.ts";

/** A request in the line. */
export interface Waiting extends Standing {
  readonly ask: Ask;
  readonly start: (lease: Lease) => void;
  /** Until when it waits for the upstream that suits it best; null until it was gone over for the first time. */
  patience: number | null;
  /** Forgets what is to happen to it at some time. */
  forget: () => void;
}

export interface DeskEvents {
  /** A slot was free again after so many milliseconds. */
  freed(held: number): void;
  /** Nothing waits or runs any more. */
  idle(): void;
}

/** What a request that comes now has before it. */
export interface Forecast {
  readonly prediction: Prediction;
  /** Milliseconds of its time to the first token that are others'. */
  readonly delay: number;
}

/**
 * The line, and the upstreams that it leads to. Whenever a slot may have become free, those that wait are gone over in
 * their order: the policy chooses an upstream for each, and those whose choice has a slot free start.
 *
 * A request may wait for a busy upstream though another is free, for as long as that was predicted to take when it was
 * first gone over; then it takes the first slot.
 */
export class Desk {
  readonly line: Line<Waiting> = new Line();
  readonly habits: Habits = new Habits();
  readonly #board = new Board();
  readonly #stations = new Map<LiveUpstream, Station>();
  /** The same by row of the board. */
  readonly #byRow: (Station | undefined)[] = [];
  readonly #clock: Clock;
  readonly #events: DeskEvents;
  #policy: Policy;
  #running = 0;
  #isGoingOver = false;
  #isStale = false;

  constructor(policy: Policy, clock: Clock, events: DeskEvents) {
    this.#policy = policy;
    this.#clock = clock;
    this.#events = events;
  }

  set policy(policy: Policy) {
    this.#policy = policy;
    this.goOver();
  }

  /** Of the upstreams that requests may go to now. */
  get slots(): number {
    return [...this.#stations.keys()].reduce((sum, { healthy, slots }) => sum + (healthy ? slots : 0), 0);
  }

  get hasFree(): boolean {
    return this.#board.hasFree;
  }

  /** Whether there is an upstream that requests may go to, busy or not. */
  get hasUpstream(): boolean {
    return [...this.#stations.keys()].some(({ admitted }) => admitted);
  }

  get isIdle(): boolean {
    return this.line.size === 0 && this.#running === 0;
  }

  upstream(id: string): LiveUpstream | null {
    return [...this.#stations.keys()].find((upstream) => upstream.id === id) ?? null;
  }

  add(upstream: LiveUpstream): void {
    this.stationOf(upstream);
    this.changed(upstream);
  }

  /** A new one where it has none. */
  stationOf(upstream: LiveUpstream): Station {
    const station = this.#stations.get(upstream) ?? new Station(upstream, this.#board, this.habits);
    this.#stations.set(upstream, station);
    this.#byRow[station.row] = station;
    return station;
  }

  /** It was ejected, readmitted, or a request on it is over. */
  changed(upstream: LiveUpstream): void {
    const station = this.#stations.get(upstream);
    station?.refresh();
    if (station && !upstream.admitted && upstream.inFlight === 0) {
      this.#stations.delete(upstream);
      this.#byRow[station.row] = undefined;
      station.leave();
    }
    this.goOver();
  }

  enter(waiting: Waiting): void {
    this.line.add(waiting);
    this.goOver();
  }

  /** @returns whether it still waited */
  leave(waiting: Waiting): boolean {
    waiting.forget();
    const waited = this.line.remove(waiting);
    if (waited && this.isIdle) this.#events.idle();
    return waited;
  }

  /** What is to be expected for a request of this standing; null where there is no upstream. */
  forecast(standing: Standing, ask: Ask): Forecast | null {
    const board = this.#board;
    const now = this.#clock.now();
    for (const waiting of this.line.before(standing)) {
      const row = predictedTime.choose(board, waiting.ask, now, true);
      if (row !== NONE) board.reserve(row, now, predict(board, row, waiting.ask, now));
    }
    const row = predictedTime.choose(board, ask, now, true);
    const prediction = row === NONE ? null : predict(board, row, ask, now);
    board.restore();
    if (prediction === null) return null;
    const own = (ask.prompt.tokens - prediction.hit) * (board.promptPace[row] as number);
    return { prediction, delay: prediction.firstToken - own };
  }

  /** Once more where something has changed while it was done. */
  goOver(): void {
    this.#isStale = true;
    if (this.#isGoingOver) return;
    this.#isGoingOver = true;
    while (this.#isStale) {
      this.#isStale = false;
      this.#goOverLine();
    }
    this.#isGoingOver = false;
  }

  /** Those that wait, in their order, each to what the policy chooses for it, until no slot is free. */
  #goOverLine(): void {
    const now = this.#clock.now();
    for (const waiting of this.line.inOrder()) {
      if (this.#isStale || !this.#board.hasFree) break;
      const mayWait = waiting.patience === null || waiting.patience > now;
      const row = this.#policy.choose(this.#board, waiting.ask, now, mayWait);
      if (row === NONE) continue;
      if (this.#board.isFree(row)) this.#start(waiting, row, now);
      else this.#hold(waiting, row, now);
    }
    this.#board.restore();
  }

  #start(waiting: Waiting, row: number, now: number): void {
    const station = this.#byRow[row];
    if (station === undefined) {
      throw new CorralError("CORRAL_INTERNAL", "a request was given to a worker that has gone; please report this");
    }
    this.line.remove(waiting);
    waiting.forget();
    waiting.start(this.#leaseOf(station, waiting.ask, now));
  }

  /** It waits for a busy upstream: those behind it choose as if it were there already. */
  #hold(waiting: Waiting, row: number, now: number): void {
    const prediction = predict(this.#board, row, waiting.ask, now);
    this.#board.reserve(row, now, prediction);
    if (waiting.patience !== null) return;
    waiting.patience = now + prediction.start;
    const forgetTheRest = waiting.forget;
    const forgetPatience = this.#clock.after(prediction.start, () => this.goOver());
    waiting.forget = () => {
      forgetTheRest();
      forgetPatience();
    };
  }

  #leaseOf(station: Station, ask: Ask, now: number): Lease {
    const { upstream } = station;
    this.#running += 1;
    const lease = upstream.lease({
      began: () => station.firstToken(flight, this.#clock.now()),
      measured: (measured) => {
        flight.measured = measured;
      },
      released: () => {
        this.#running -= 1;
        station.end(flight);
        this.#events.freed(this.#clock.now() - now);
        this.changed(upstream);
        if (this.isIdle) this.#events.idle();
      },
    });
    const flight = station.start(ask, now);
    return lease;
  }
}
