import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NONE } from "../../src/route/policy.ts";
import { predict, predictedTime } from "../../src/route/predicted-time.ts";
import { anyBoard, askOf, boardOf, chainOf } from "./boards.ts";

const text = (name: string, tokens: number) => name.repeat(tokens);
const CHAT = [text("s", 400), text("q", 600)];
const NEXT = [...CHAT, text("x", 100)];
const NOW = 50_000;
const pick = (board: ReturnType<typeof boardOf>, messages: readonly string[], mayWait = true) =>
  predictedTime.choose(board, askOf(messages), NOW, mayWait);

describe("predictedTime", () => {
  it("goes to who holds the prompt's beginning", () => {
    expect(pick(boardOf([{}, { holds: [chainOf(CHAT)] }, {}]), NEXT)).toBe(1);
  });

  it("goes elsewhere where another has computed all of it before the holder comes to it", () => {
    const holder = (wait: number) => ({ holds: [chainOf(CHAT)], busy: 1, promptsDoneAt: NOW + wait });
    expect(pick(boardOf([{}, holder(900)]), NEXT)).toBe(1);
    expect(pick(boardOf([{}, holder(1_100)]), NEXT)).toBe(0);
  });

  it("waits for a full holder exactly where that is sooner", () => {
    const holder = (wait: number) => ({ holds: [chainOf(CHAT)], slots: 1, busy: 1, freeAt: NOW + wait });
    expect(pick(boardOf([{}, holder(900)]), NEXT)).toBe(1);
    expect(pick(boardOf([{}, holder(1_100)]), NEXT)).toBe(0);
    expect(pick(boardOf([{}, holder(900)]), NEXT, false)).toBe(0);
  });

  it("takes what is overdue to need as much again", () => {
    const holder = (overdue: number) => ({ holds: [chainOf(CHAT)], slots: 1, busy: 1, freeAt: NOW - overdue });
    expect(pick(boardOf([{}, holder(900)]), NEXT)).toBe(1);
    expect(pick(boardOf([{}, holder(1_100)]), NEXT)).toBe(0);
  });

  it("keeps a short prompt from waiting behind a long one where there is a choice", () => {
    expect(pick(boardOf([{ busy: 1, promptsDoneAt: NOW + 8_000 }, { busy: 3 }]), ["Hi"])).toBe(1);
  });

  it("counts how many answer there already, by what that costs each", () => {
    expect(
      pick(
        boardOf([
          { busy: 3, answerPace: 40 },
          { busy: 0, answerPace: 12 },
        ]),
        ["Hi"],
      ),
    ).toBe(1);
    // 128 tokens of 0.5 ms more are less than 1,000 of prompt.
    expect(pick(boardOf([{ busy: 3, answerPace: 10.5, holds: [chainOf(CHAT)] }, {}]), NEXT)).toBe(0);
  });

  it("gives up time while the answer is read for a quarter of it before the first token", () => {
    // 128 tokens of 10 ms more: 1,280 ms.
    const at = (wait: number) => pick(boardOf([{ answerPace: 20 }, { busy: 1, promptsDoneAt: NOW + wait }]), ["Hi"]);
    expect([at(300), at(340)]).toEqual([1, 0]);
  });

  it("prefers the faster of two, the less busy of equals, and then the one not used for longest", () => {
    expect(pick(boardOf([{ promptPace: 2 }, { promptPace: 1 }]), ["Hi"])).toBe(1);
    expect(pick(boardOf([{ slots: 2 }, { slots: 8 }]), ["Hi"])).toBe(1);
    expect(pick(boardOf([{ lastUsed: 4 }, { lastUsed: 2 }]), ["Hi"])).toBe(1);
  });

  it("does not go by what a busy slot holds, which a free one cannot use", () => {
    const board = boardOf([{}, { busy: 1 }]);
    board.index.join(1, { slots: 4, cacheTokens: 0 }).take(chainOf(CHAT));
    expect(pick(board, NEXT)).toBe(0);
  });

  it("goes to none unseen for what many seem to hold, all of them in busy slots", () => {
    const board = boardOf([...Array.from({ length: 6 }, () => ({ busy: 1, promptsDoneAt: NOW + 800 })), {}]);
    for (let row = 0; row < 6; row += 1) board.index.join(row, { slots: 4, cacheTokens: 0 }).take(chainOf(CHAT));
    expect(pick(board, NEXT)).toBe(6);
  });

  it("finds the one that can use it among some that only seem to hold it", () => {
    const seeming = Array.from({ length: 3 }, () => ({ busy: 1 }));
    const board = boardOf([...seeming, {}, { busy: 1, promptsDoneAt: NOW + 800, holds: [chainOf(CHAT)] }]);
    for (let row = 0; row < 3; row += 1) board.index.join(row, { slots: 4, cacheTokens: 0 }).take(chainOf(CHAT));
    expect(pick(board, NEXT)).toBe(4);
  });

  it("brings a hot beginning to more upstreams as its holder has more to do, and not before", () => {
    const hot = text("h", 500);
    const at = (waiting: number) =>
      pick(boardOf([{ holds: [chainOf([hot])], busy: 1, promptsDoneAt: NOW + waiting }, {}]), [hot, "Hi"]);
    expect([at(100), at(400), at(600)]).toEqual([0, 0, 1]);
  });

  it("starts a new chat where there is time left, though a busier one knows its system prompt", () => {
    const at = (share: number, rest: number) => {
      const board = boardOf([{ holds: [chainOf([text("s", 400)])] }, {}]);
      board.recentWork.add(0, 0, NOW - 3_600_000);
      board.recentWork.add(0, share * 120_000, NOW);
      return pick(board, [text("s", 400), text("q", rest)]);
    };
    expect(at(0.2, 400)).toBe(0);
    expect(at(0.6, 400)).toBe(1);
    // A little that is new is worth no move.
    expect(at(0.6, 50)).toBe(0);
  });

  it("never picks one that is closed, nor a full one where it may not wait; picks one wherever there is one", () => {
    fc.assert(
      fc.property(anyBoard, fc.boolean(), (board, mayWait) => {
        const row = pick(board, NEXT, mayWait);
        const open = [...board.free].some((each, at) => each >= 0 && at < board.rows);
        if (row === NONE) expect(mayWait ? open : board.hasFree).toBe(false);
        else expect(mayWait ? board.free[row]! >= 0 : board.isFree(row)).toBe(true);
      }),
    );
  });
});

describe("predict", () => {
  it("adds up the wait, the prompts before, the prompt less what is held, and the answer", () => {
    const board = boardOf([{ busy: 1, promptsDoneAt: NOW + 300, holds: [chainOf(CHAT)] }]);
    expect(predict(board, 0, askOf(NEXT), NOW)).toEqual({ start: 0, firstToken: 400, end: 400 + 128 * 10, hit: 1_000 });
  });

  it("hides the prompts before behind the wait for a slot", () => {
    const board = boardOf([{ slots: 1, busy: 1, freeAt: NOW + 1_000, promptsDoneAt: NOW + 300 }]);
    expect(predict(board, 0, { ...askOf(NEXT), answerTokens: 10 }, NOW)).toEqual({
      start: 1_000,
      firstToken: 2_100,
      end: 2_200,
      hit: 0,
    });
  });
});
