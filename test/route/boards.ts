import fc from "fast-check";
import type { Ask, Prompt } from "../../src/route/ask.ts";
import { PLAIN_ASK } from "../../src/route/ask.ts";
import { Board } from "../../src/route/board.ts";
import { Chain } from "../../src/route/chain.ts";

export interface RowFacts {
  readonly open?: boolean;
  readonly slots?: number;
  readonly busy?: number;
  readonly lastUsed?: number;
  /** Milliseconds for a token. */
  readonly promptPace?: number;
  readonly answerPace?: number;
  readonly promptsDoneAt?: number;
  readonly freeAt?: number;
  /** What it has been sent before, and answered. */
  readonly holds?: readonly Prompt[];
}

/** A board of such rows; default: four slots, nothing to do, 1 ms a token of a prompt and 10 ms of an answer. */
export function boardOf(rows: readonly RowFacts[]): Board {
  const board = new Board();
  for (const facts of rows) {
    const row = board.take();
    const { open = true, slots = 4, busy = 0, holds = [] } = facts;
    const paces = { promptPace: 1, answerPace: 10 };
    const idle = { lastUsed: 0, promptsDoneAt: 0, freeAt: 0 };
    board.write(row, { ...paces, ...idle, identity: row + 1, ...facts, open, slots, busy: Math.min(busy, slots) });
    const holdings = board.index.join(row, { slots, cacheTokens: 0 });
    for (const prompt of holds) {
      const place = holdings.take(prompt);
      if (place === null) continue;
      holdings.release(place, { promptTokens: prompt.tokens, cachedTokens: place.expected, completionTokens: 0 });
    }
  }
  return board;
}

export const anyBoard: fc.Arbitrary<Board> = fc
  .array(
    fc.record({
      open: fc.boolean(),
      slots: fc.integer({ min: 1, max: 4 }),
      busy: fc.integer({ min: 0, max: 4 }),
      lastUsed: fc.nat(20),
      freeAt: fc.nat(1_000),
      promptsDoneAt: fc.nat(1_000),
    }),
    { maxLength: 12 },
  )
  .map(boardOf);

/** Of such messages, each a text; a token a byte. */
export function chainOf(messages: readonly string[]): Prompt {
  const chain = new Chain();
  for (const message of messages) {
    chain.text(message);
    chain.messageEnd();
  }
  return chain.prompt(1);
}

export function askOf(messages: readonly string[]): Ask {
  return { ...PLAIN_ASK, prompt: chainOf(messages) };
}
