import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PLAIN_ASK } from "../../src/route/ask.ts";
import { consistentHash } from "../../src/route/consistent-hash.ts";
import { leastBusy } from "../../src/route/least-busy.ts";
import { NONE } from "../../src/route/policy.ts";
import { roundRobin } from "../../src/route/round-robin.ts";
import { anyBoard, boardOf, chainOf } from "./boards.ts";

describe("leastBusy", () => {
  const pick = (board: ReturnType<typeof boardOf>) => leastBusy.choose(board, PLAIN_ASK, 0, true);

  it("picks the one with the most free slots, not the fewest requests", () => {
    expect(
      pick(
        boardOf([
          { slots: 4, busy: 1 },
          { slots: 8, busy: 3 },
        ]),
      ),
    ).toBe(1);
  });

  it("gives ties to the least recently used", () => {
    expect(pick(boardOf([{ lastUsed: 9 }, { lastUsed: 3 }]))).toBe(1);
  });

  it("picks nothing where all are full or ejected", () => {
    expect(pick(boardOf([{ slots: 4, busy: 4 }, { open: false }]))).toBe(NONE);
    expect(pick(boardOf([]))).toBe(NONE);
  });
});

describe("roundRobin", () => {
  it("takes those with a free slot in turns, however many", () => {
    const board = boardOf([
      { slots: 8, lastUsed: 3 },
      { slots: 1, lastUsed: 1 },
      { slots: 1, busy: 1, lastUsed: 0 },
    ]);
    expect(roundRobin.choose(board, PLAIN_ASK, 0, true)).toBe(1);
  });
});

describe("consistentHash", () => {
  const ask = (conversation: number) => ({ ...PLAIN_ASK, prompt: { ...chainOf(["x"]), conversation } });
  const all = Array.from({ length: 8 }, () => ({ slots: 2 }));

  it("sends a conversation to the same upstream, and spreads conversations evenly", () => {
    const board = boardOf(all);
    const counts = new Array<number>(8).fill(0);
    for (let conversation = 1; conversation <= 4_000; conversation += 1) {
      const row = consistentHash.choose(board, ask(conversation * 7_919_777), 0, true);
      expect(consistentHash.choose(board, ask(conversation * 7_919_777), 5, true)).toBe(row);
      counts[row]! += 1;
    }
    for (const count of counts) expect(count).toBeGreaterThan(350);
  });

  it("moves only the conversations of an upstream that is full or gone", () => {
    const [before, after] = [boardOf(all), boardOf(all.map((row, at) => (at === 3 ? { ...row, busy: 2 } : row)))];
    for (let conversation = 1; conversation <= 200; conversation += 1) {
      const was = consistentHash.choose(before, ask(conversation * 104_729), 0, true);
      const is = consistentHash.choose(after, ask(conversation * 104_729), 0, true);
      if (was === 3) expect(is).not.toBe(3);
      else expect(is).toBe(was);
    }
  });
});

describe("every policy", () => {
  it("never picks an unavailable one, and picks one when there is one", () => {
    fc.assert(
      fc.property(anyBoard, fc.nat(1e9), (board, conversation) => {
        const ask = { ...PLAIN_ASK, prompt: { ...chainOf(["x"]), conversation } };
        for (const policy of [leastBusy, roundRobin, consistentHash]) {
          const row = policy.choose(board, ask, 0, false);
          if (row === NONE) expect(board.hasFree).toBe(false);
          else expect(board.isFree(row)).toBe(true);
        }
      }),
    );
  });
});
