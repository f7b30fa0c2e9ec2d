import { randomFrom } from "../../src/load/prompts.ts";
import type { Arrival, Request } from "./request.ts";
import { EMPTY, joined, type Piece, type Text, textOf } from "./text.ts";
import type { TraceRow } from "./traces.ts";

/** Requests to replay. `at` counts in any unit: who replays them paces them. */
export interface Workload {
  readonly name: string;
  /** About so many requests, for so many workers. */
  arrivals(requests: number, workers: number): Arrival[];
}

/** For more workers than these a trace of some thousand requests is over before caches matter. */
const WORKERS_A_COPY = 100;

/** Gives each piece of text that is new a number of its own. */
class Numbers {
  #last = 0;

  piece(tokens: number): Piece {
    return { id: ++this.#last, tokens };
  }
}

/**
 * A trace's lengths and sharing, divided by `scale`; what does not fit into the context is cut off the prompt's end. Where
 * the trace has too few requests, copies of it follow each other, for many workers several side by side, each with texts
 * of its own.
 */
export function replayed(name: string, rows: readonly TraceRow[], scale: number, context: number): Workload {
  return {
    name,
    arrivals(requests, workers) {
      const taken = rows.slice(0, requests);
      const span = Math.max(1, ...taken.map(({ at }) => at)) * (1 + 1 / taken.length);
      const lanes = Math.ceil(workers / WORKERS_A_COPY);
      const laps = Math.max(1, Math.round(requests / taken.length / lanes));
      const numbers = new Numbers();
      const all = Array.from({ length: lanes * laps }, (_, copy) => {
        const blocks = new Map<number, Piece>();
        const lap = Math.floor(copy / lanes);
        // Lanes begin at other places of the trace, so that its bursts don't meet.
        const shift = ((copy % lanes) * span) / lanes;
        return taken.map((row) => ({
          at: ((row.at + shift) % span) + lap * span,
          request: requestOf(row, scale, context, numbers, blocks),
        }));
      });
      return all.flat().sort((a, b) => a.at - b.at);
    },
  };
}

function requestOf(
  row: TraceRow,
  scale: number,
  context: number,
  numbers: Numbers,
  known: Map<number, Piece>,
): Request {
  const answer = numbers.piece(Math.max(1, Math.round(row.answerTokens / scale)));
  const room = context - answer.tokens - 1;
  const length = Math.min(room, Math.max(1, Math.round(row.promptTokens / scale)));
  const block = Math.round(row.blockTokens / scale);
  const pieces: Piece[] = [];
  for (let left = length; left > 0; left -= block) {
    const id = row.blocks[pieces.length];
    const piece = (id === undefined ? undefined : known.get(id)) ?? numbers.piece(block);
    if (id !== undefined) known.set(id, piece);
    pieces.push(left < block ? { id: piece.id, tokens: left } : piece);
  }
  return { prompt: textOf(pieces), answer };
}

const SEED = 7;
/** Of hundred requests. */
const HOT = 70;

/** Single questions behind a system prompt of 800 tokens, most of them behind the same one. */
export const hotPrompt: Workload = {
  name: "hot system prompt",
  arrivals(requests) {
    const { random, numbers } = beginning();
    const system = numbers.piece(800);
    return poisson(requests, random, () => {
      const own = random() * 100 < HOT ? system : numbers.piece(800);
      return { prompt: textOf([own, numbers.piece(between(random, 20, 120))]), answer: answerOf(numbers, random) };
    });
  },
};

const TURNS = 6;
/** Seconds. */
const SHORTEST_PAUSE = 10;
const LONGEST_PAUSE = 60;

/** Chats of six turns with a system prompt each of a few; a turn follows its answer after 10 to 60 seconds. */
export const chats: Workload = {
  name: "chats of 6 turns",
  arrivals(requests) {
    const { random, numbers } = beginning();
    const systems = Array.from({ length: 5 }, () => numbers.piece(150));
    return poisson(Math.ceil(requests / TURNS), random, () => {
      const system = systems[Math.floor(random() * systems.length)];
      return chatFrom(system === undefined ? EMPTY : textOf([system]), TURNS, numbers, random);
    });
  },
};

function chatFrom(history: Text, turns: number, numbers: Numbers, random: () => number): Request {
  const prompt = joined(history, numbers.piece(between(random, 60, 240)));
  const answer = answerOf(numbers, random);
  if (turns === 1) return { prompt, answer };
  const pause = between(random, SHORTEST_PAUSE, LONGEST_PAUSE);
  return { prompt, answer, next: { request: chatFrom(joined(prompt, answer), turns - 1, numbers, random), pause } };
}

function answerOf(numbers: Numbers, random: () => number): Piece {
  return numbers.piece(between(random, 10, 90));
}

function beginning(): { random: () => number; numbers: Numbers } {
  return { random: randomFrom(SEED), numbers: new Numbers() };
}

/** Independent of each other, one a unit of time on average. */
function poisson(count: number, random: () => number, request: () => Request): Arrival[] {
  let at = 0;
  return Array.from({ length: count }, () => {
    at -= Math.log(1 - random());
    return { at, request: request() };
  });
}

function between(random: () => number, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}
