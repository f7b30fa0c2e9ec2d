import type { Ask, Prompt } from "./ask.ts";
import type { Board } from "./board.ts";
import type { Habits } from "./habits.ts";
import type { Holdings, Place } from "./holdings.ts";
import type { LiveUpstream } from "./live-upstream.ts";
import { type Prediction, predict, promptTime } from "./predicted-time.ts";
import { type Measured, Rates } from "./rates.ts";

/** A request that an upstream works on. */
export interface Flight {
  readonly ask: Ask;
  readonly prediction: Prediction;
  readonly place: Place | null;
  readonly startedAt: number;
  /** Requests there when it began, itself included. */
  readonly runningAtStart: number;
  /** Whether no other prompt has been computed beside its own. */
  isAlone: boolean;
  /** When its prompt should have been computed; null once it has. */
  promptDoneAt: number | null;
  /** When it should be over. */
  end: number;
  measured: Measured | null;
}

/** An upstream's row of the board, and the only writer of it: what it works on, how fast it is, what it holds. */
export class Station {
  readonly upstream: LiveUpstream;
  readonly row: number;
  readonly #board: Board;
  readonly #habits: Habits;
  readonly #rates: Rates;
  readonly #identity: number;
  readonly #holdings: Holdings;
  readonly #flights = new Set<Flight>();

  constructor(upstream: LiveUpstream, board: Board, habits: Habits) {
    const { slots, prior, cacheTokens } = upstream;
    this.upstream = upstream;
    this.#board = board;
    this.#habits = habits;
    this.#rates = new Rates(slots, prior);
    this.#identity = identityOf(upstream.id);
    this.row = board.take();
    this.#holdings = board.index.join(this.row, { slots, cacheTokens });
    this.refresh();
  }

  start(ask: Ask, now: number): Flight {
    const prediction = predict(this.#board, this.row, ask, now);
    const isAlone = this.#prompting().length === 0;
    for (const flight of this.#prompting()) flight.isAlone = false;
    const flight: Flight = {
      ask,
      prediction,
      place: this.#holdings.take(ask.prompt),
      startedAt: now,
      runningAtStart: this.#flights.size + 1,
      isAlone,
      promptDoneAt: now + prediction.firstToken,
      end: now + prediction.end,
      measured: null,
    };
    this.#flights.add(flight);
    this.#board.recentWork.add(this.row, promptTime(this.#board, this.row, ask, prediction.hit), now);
    this.refresh();
    return flight;
  }

  /** Its prompt has been computed. */
  firstToken(flight: Flight, now: number): void {
    const { prediction } = flight;
    flight.promptDoneAt = null;
    flight.end = now + prediction.end - prediction.firstToken;
    this.refresh();
  }

  end(flight: Flight): void {
    const running = (flight.runningAtStart + this.#flights.size) / 2;
    this.#flights.delete(flight);
    const { place, measured, ask, isAlone } = flight;
    if (place !== null) this.#holdings.release(place, measured);
    if (measured !== null) {
      this.#rates.learn(measured, running, isAlone);
      this.#habits.learn(ask, measured, place?.expected ?? 0);
      this.#board.answerTokens = this.#habits.answerTokens;
      this.#board.trust = this.#habits.trust;
    }
    this.refresh();
  }

  /** It was given this prompt as another upstream has computed it. */
  holds(prompt: Prompt): void {
    const place = this.#holdings.take(prompt);
    if (place === null) return;
    const { tokens: promptTokens } = prompt;
    this.#holdings.release(place, { promptTokens, cachedTokens: promptTokens, completionTokens: 0 });
  }

  /** It has ended. */
  leave(): void {
    this.#board.index.leave(this.row);
    this.#board.vacate(this.row);
  }

  /** Writes its row anew. */
  refresh(): void {
    const { healthy, slots, inFlight, lastUsed } = this.upstream;
    const prompts = this.#prompting().map(({ promptDoneAt }) => promptDoneAt ?? 0);
    const ends = [...this.#flights].map(({ end }) => end);
    this.#board.write(this.row, {
      open: healthy,
      slots,
      busy: inFlight,
      lastUsed,
      promptsDoneAt: Math.max(0, ...prompts),
      freeAt: ends.length === 0 ? 0 : Math.min(...ends),
      promptPace: this.#rates.promptPace,
      answerPace: this.#rates.answerPace(Math.min(inFlight + 1, slots)),
      identity: this.#identity,
    });
  }

  #prompting(): Flight[] {
    return [...this.#flights].filter(({ promptDoneAt }) => promptDoneAt !== null);
  }
}

/** Of the replica: "qwen#0.3" and "qwen#0.4" are two starts of one. */
function identityOf(id: string): number {
  const replica = id.replace(/\.\d+$/, "");
  let hash = 0;
  for (let at = 0; at < replica.length; at += 1) hash = (Math.imul(hash, 31) + replica.charCodeAt(at)) | 0;
  return hash >>> 0;
}
