import type { Ask, Prompt } from "../../src/route/ask.ts";
import { Board } from "../../src/route/board.ts";
import { Chain } from "../../src/route/chain.ts";

/** Links of a conversation: some 6,000 tokens in blocks of 64, the system prompt that all share aside. */
const LINKS = 100;
const SYSTEM_LINKS = 20;
const BLOCK_BYTES = 256;
const SLOTS = 4;
const TOKENS_PER_BYTE = 0.25;
const NOW = 1_000_000;

/** A board in the middle of its work, and requests to decide on. */
export interface Scene {
  readonly board: Board;
  readonly now: number;
  /** A third are new turns of conversations that some worker holds, a third begin with the shared system prompt, a third with nothing known. */
  readonly asks: readonly Ask[];
}

/**
 * So many workers that hold so many links together: conversations that begin with the same system prompt, half of the
 * workers busy, a tenth full.
 */
export function sceneOf(workers: number, links: number): Scene {
  const board = new Board();
  const random = seededRandom(7);
  const conversations: string[] = [];
  const holdings = Array.from({ length: workers }, () => {
    const row = board.take();
    const busy = random() < 0.1 ? SLOTS : random() < 0.5 ? 0 : 1 + Math.floor(3 * random());
    board.write(row, {
      open: true,
      slots: SLOTS,
      busy,
      lastUsed: row,
      promptPace: 4 + random(),
      answerPace: 40 + 10 * busy + random(),
      promptsDoneAt: busy > 0 && random() < 0.5 ? NOW + 5_000 * random() : 0,
      freeAt: busy > 0 ? NOW + 10_000 * random() : 0,
      identity: Math.floor(2 ** 32 * random()),
    });
    return board.index.join(row, { slots: SLOTS, cacheTokens: 1e9 });
  });
  // The system prompt is known to all, where there is room for more than one link a worker.
  const isShared = links > SYSTEM_LINKS * 2;
  for (let at = 0; board.index.size < links; at += 1) {
    const name = `conversation ${at}`;
    conversations.push(name);
    const length = Math.max(1, Math.min(LINKS, links - board.index.size, Math.ceil(links / workers)));
    const prompt = promptOf(isShared, name, length);
    const place = holdings[at % workers]?.take(prompt);
    if (place)
      holdings[at % workers]?.release(place, {
        promptTokens: prompt.tokens,
        cachedTokens: place.expected,
        completionTokens: 100,
      });
  }
  const asks = Array.from({ length: 999 }, (_, at) => {
    const known = conversations[Math.floor(conversations.length * random())] ?? "";
    const prompt = at % 3 === 0 ? promptOf(isShared, known, LINKS) : promptOf(at % 3 === 1, `new ${at}`, LINKS);
    return { prompt, answerTokens: null, deadline: null, priority: 0, bytes: 0 };
  });
  return { board, now: NOW, asks };
}

/** @param links of the conversation itself */
function promptOf(isShared: boolean, name: string, links: number): Prompt {
  return chained([...(isShared ? repeated("system", SYSTEM_LINKS) : []), ...repeated(name, links)]);
}

/** Of messages. */
export function chained(texts: readonly string[]): Prompt {
  const chain = new Chain();
  for (const text of texts) {
    chain.text(text);
    chain.messageEnd();
  }
  return chain.prompt(TOKENS_PER_BYTE);
}

/** Messages of a block each. */
export function repeated(name: string, times: number): string[] {
  return Array.from({ length: times }, (_, at) => `${name} ${at} `.padEnd(BLOCK_BYTES - 1, "."));
}

/** The same numbers from 0 to 1 each time. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
