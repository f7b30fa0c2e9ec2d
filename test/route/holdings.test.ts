import { describe, expect, it } from "vitest";
import { Holdings, type Place } from "../../src/route/holdings.ts";
import { chainOf } from "./boards.ts";

const text = (name: string, tokens: number) => name.repeat(tokens);
const SYSTEM = text("s", 200);

function holdings(slots: number, cacheTokens = 0): Holdings {
  return new Holdings({ slots, cacheTokens }, { hold() {}, drop() {} });
}

function ask(one: Holdings, messages: readonly string[], found: Partial<{ cachedTokens: number }> = {}): Place {
  const prompt = chainOf(messages);
  const place = one.take(prompt);
  if (place === null) throw new Error("no slot is idle");
  one.release(place, { promptTokens: prompt.tokens, cachedTokens: place.expected, completionTokens: 0, ...found });
  return place;
}

describe("Holdings", () => {
  it("gives a later turn the slot of the turn before", () => {
    const one = holdings(2);
    const first = ask(one, [SYSTEM, text("a", 300)]);
    ask(one, [text("b", 400)]);
    expect(ask(one, [SYSTEM, text("a", 300), text("c", 50)])).toEqual({ slot: first.slot, expected: 500 });
  });

  it("gives a prompt that shares no more than a tenth of it the slot that was not used for longest", () => {
    const one = holdings(2);
    const first = ask(one, [text("s", 20), text("a", 300)]);
    ask(one, [text("b", 400)]);
    expect(ask(one, [text("s", 20), text("d", 300)])).toEqual({ slot: first.slot, expected: 20 });
  });

  it("looks at idle slots only", () => {
    const one = holdings(2);
    const place = one.take(chainOf([SYSTEM, text("a", 300)]));
    expect(one.expect(chainOf([SYSTEM, text("b", 100)]))).toBe(0);
    one.release(place as Place, { promptTokens: 500, cachedTokens: 0, completionTokens: 10 });
    expect(one.expect(chainOf([SYSTEM, text("b", 100)]))).toBe(200);
  });

  it("where all are busy, tells what it holds, and takes no more", () => {
    const one = holdings(1);
    one.take(chainOf([SYSTEM]));
    expect(one.expect(chainOf([SYSTEM, "x"]))).toBe(200);
    expect(one.take(chainOf([SYSTEM, "x"]))).toBeNull();
  });

  it("finds again in the cache what a slot had to give up, first in, first out", () => {
    const one = holdings(1, 650);
    for (const name of ["a", "b", "c"]) ask(one, [text(name, 300)]);
    expect(one.expect(chainOf([text("b", 300), "more"]))).toBe(300);
    expect(ask(one, [text("d", 300)]).expected).toBe(0);
    expect(one.expect(chainOf([text("a", 300), "more"]))).toBe(0);
    expect(one.expect(chainOf([text("c", 300), "more"]))).toBe(300);
  });

  it("does not find a short beginning of a long prompt in the cache", () => {
    const one = holdings(1, 5_000);
    ask(one, [SYSTEM, text("a", 900)]);
    ask(one, [text("b", 300)]);
    expect(one.expect(chainOf([SYSTEM, text("c", 100)]))).toBe(0);
    ask(one, [SYSTEM, text("d", 300)]);
    ask(one, [text("e", 300)]);
    expect(one.expect(chainOf([SYSTEM, text("c", 100)]))).toBe(200);
  });

  it("believes no more what was not found", () => {
    const one = holdings(2);
    ask(one, [SYSTEM, text("a", 300)]);
    ask(one, [text("b", 900)]);
    // Of the 200 tokens that it should have found the engine says that it found none.
    ask(one, [SYSTEM, text("c", 100)], { cachedTokens: 0 });
    expect(one.expect(chainOf([SYSTEM, text("c", 100), "more"]))).toBe(300);
    expect(one.expect(chainOf([SYSTEM, text("a", 300), "more"]))).toBe(200);
  });

  it("keeps of a prompt that was given up half-way what was there before", () => {
    const one = holdings(1);
    ask(one, [SYSTEM]);
    one.release(one.take(chainOf([SYSTEM, text("a", 900)])) as Place, null);
    expect(one.expect(chainOf([SYSTEM, text("a", 900)]))).toBe(200);
  });
});
