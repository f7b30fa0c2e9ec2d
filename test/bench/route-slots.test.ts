import { describe, expect, it } from "vitest";
import { PromptCache } from "../../bench/route/prompt-cache.ts";
import { Slots } from "../../bench/route/slots.ts";
import { commonPrefix, EMPTY, firstTokens, type Text, textOf } from "../../bench/route/text.ts";

/** "1:100 2:50": piece 1 of 100 tokens, then piece 2 of 50. */
function text(written: string): Text {
  return textOf(
    written.split(" ").map((piece) => {
      const [id = 0, tokens = 0] = piece.split(":").map(Number);
      return { id, tokens };
    }),
  );
}

const answer = (id: number, tokens = 11) => ({ id, tokens });

describe("texts", () => {
  it.each([
    ["1:100 2:50", "1:100 3:50", 100],
    ["1:100 2:50", "1:100 2:50 3:10", 150],
    ["1:100 2:30", "1:100 2:50", 130],
    ["1:100 2:30 3:9", "1:100 2:50 3:9", 130],
    ["1:100", "2:100", 0],
  ])("%s and %s begin with the same %i tokens", (a, b, common) => {
    expect(commonPrefix(text(a), text(b))).toBe(common);
    expect(commonPrefix(text(b), text(a))).toBe(common);
  });

  it("are cut inside a piece", () => {
    expect(firstTokens(text("1:100 2:50 3:9"), 120)).toEqual(text("1:100 2:20"));
    expect(firstTokens(text("1:100"), 0)).toEqual(EMPTY);
  });
});

describe("the prompt cache", () => {
  it("gives up the oldest where there is no room", () => {
    const cache = new PromptCache(250);
    for (const written of ["1:100", "2:100", "3:100"]) cache.save(text(written));
    expect(cache.take(EMPTY, text("1:100 9:10"))).toBeNull();
    expect(cache.take(EMPTY, text("2:100 9:10"))).toEqual(text("2:100"));
    expect(cache.tokens).toBe(100);
  });

  it("keeps no text that an entry holds wholly, no entry that the text holds wholly, and none that is too large", () => {
    const cache = new PromptCache(1_000);
    cache.save(text("1:100 2:50"));
    cache.save(text("1:100"));
    expect(cache.tokens).toBe(150);
    cache.save(text("1:100 2:50 3:50"));
    expect(cache.tokens).toBe(200);
    cache.save(text("4:1001"));
    expect(cache.tokens).toBe(200);
  });

  it("gives no long entry up for a beginning of less than a quarter", () => {
    const cache = new PromptCache(2_000);
    cache.save(text("1:100 2:301"));
    expect(cache.take(EMPTY, text("1:100 3:10"))).toBeNull();
    cache.save(text("1:100 4:299"));
    expect(cache.take(EMPTY, text("1:100 3:10"))).toEqual(text("1:100 4:299"));
  });

  it("has nothing to give where the slot holds more of the prompt, or keeps a greater share", () => {
    const cache = new PromptCache(2_000);
    cache.save(text("1:100 2:10"));
    expect(cache.take(text("1:100 3:100"), text("1:100 3:50"))).toBeNull();
    expect(cache.take(text("1:90"), text("1:100 2:10"))).toBeNull();
  });
});

describe("slots", () => {
  it("choose the idle one that holds most of the prompt, from more than a tenth on", () => {
    const slots = new Slots(3, 0);
    const first = slots.begin(text("1:100"));
    const second = slots.begin(text("1:100 2:100"));
    slots.end(first.slot, answer(11));
    slots.end(second.slot, answer(12));
    const third = slots.begin(text("1:100 2:100 3:100"));
    expect(third).toEqual({ slot: second.slot, cached: 200 });
    expect(slots.begin(text("1:100 2:100 4:100"))).toEqual({ slot: first.slot, cached: 100 });
  });

  it("go by the longest unused one where none holds more than a tenth", () => {
    const slots = new Slots(2, 0);
    const [a, b] = [slots.begin(text("1:100")), slots.begin(text("2:100"))];
    slots.end(b.slot, answer(11));
    slots.end(a.slot, answer(12));
    expect(slots.begin(text("1:100 5:900"))).toEqual({ slot: b.slot, cached: 0 });
  });

  it("never look at a busy slot", () => {
    const slots = new Slots(2, 10_000);
    const first = slots.begin(text("1:100"));
    const second = slots.begin(text("1:100 2:50"));
    expect(second.cached).toBe(0);
    expect(second.slot).not.toBe(first.slot);
    expect(() => slots.begin(text("3:1"))).toThrow("slots are all busy");
  });

  it("compute at least one token of a prompt that they hold wholly", () => {
    const slots = new Slots(1, 0);
    slots.end(slots.begin(text("1:100 2:50")).slot, answer(11));
    expect(slots.begin(text("1:100 2:50")).cached).toBe(149);
  });

  it("hold an answer but for its last token", () => {
    const slots = new Slots(1, 0);
    slots.end(slots.begin(text("1:100")).slot, answer(7, 20));
    expect(slots.begin(text("1:100 7:20 8:30")).cached).toBe(119);
  });

  it("fetch a chat back from the cache whose slot another has taken", () => {
    const slots = new Slots(1, 10_000);
    slots.end(slots.begin(text("1:100")).slot, answer(11));
    slots.end(slots.begin(text("2:100")).slot, answer(12));
    expect(slots.begin(text("1:100 11:11 3:20")).cached).toBe(110);
  });

  it("forget it where the cache has no room", () => {
    const slots = new Slots(1, 50);
    slots.end(slots.begin(text("1:100")).slot, answer(11));
    slots.end(slots.begin(text("2:100")).slot, answer(12));
    expect(slots.begin(text("1:100 11:11 3:20")).cached).toBe(0);
  });

  it("put a copy of every idle slot into the cache when a task starts", () => {
    const slots = new Slots(2, 10_000);
    const a = slots.begin(text("1:100"));
    slots.end(a.slot, answer(11));
    // Takes the other slot, and saves what is in a's.
    const b = slots.begin(text("2:100"));
    // Takes a's slot for its content, most of which it keeps, so that nothing is saved for its sake.
    slots.begin(text("1:100 3:5"));
    slots.end(b.slot, answer(12));
    expect(slots.begin(text("1:100 11:11 4:5")).cached).toBe(110);
  });
});
