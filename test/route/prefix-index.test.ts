import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Prompt } from "../../src/route/ask.ts";
import type { Holdings, Place } from "../../src/route/holdings.ts";
import { PrefixIndex } from "../../src/route/prefix-index.ts";
import { chainOf } from "./boards.ts";

const text = (name: string, tokens: number) => name.repeat(tokens);
/** Of 100, 50 and 20 tokens. */
const [A, B, C] = [text("a", 100), text("b", 50), text("c", 20)];

function answered(holdings: Holdings, prompt: Prompt, completionTokens = 0): number {
  const place = holdings.take(prompt) as Place;
  holdings.release(place, { promptTokens: prompt.tokens, cachedTokens: place.expected, completionTokens });
  return place.expected;
}

function found(index: PrefixIndex, prompt: Prompt, rows: number): number[] {
  const hits = new Float64Array(rows);
  index.find(prompt, hits);
  return [...hits];
}

describe("PrefixIndex", () => {
  it("finds for each upstream the deepest link that it holds", () => {
    const index = new PrefixIndex();
    const rows = [0, 1, 2, 3].map((row) => index.join(row, { slots: 2, cacheTokens: 0 }));
    answered(rows[0]!, chainOf([A]));
    answered(rows[1]!, chainOf([A, B]));
    answered(rows[2]!, chainOf([A, B, C]));
    expect(found(index, chainOf([A, B, C, "more"]), 4)).toEqual([100, 150, 170, 0]);
    expect(found(index, chainOf([A, C]), 4)).toEqual([100, 100, 100, 0]);
    expect(found(index, chainOf([B]), 4)).toEqual([0, 0, 0, 0]);
  });

  it("counts what is in flight as held", () => {
    const index = new PrefixIndex();
    index.join(0, { slots: 1, cacheTokens: 0 }).take(chainOf([A]));
    expect(found(index, chainOf([A, B]), 1)).toEqual([100]);
    expect(index.hit(0, chainOf([A, B]))).toBe(100);
  });

  it("forgets an upstream that has ended, and keeps nothing for it", () => {
    const index = new PrefixIndex();
    const [one, other] = [0, 1].map((row) => index.join(row, { slots: 2, cacheTokens: 500 }));
    answered(one!, chainOf([A, B]));
    answered(other!, chainOf([A, C]));
    index.leave(0);
    expect(found(index, chainOf([A, B]), 2)).toEqual([0, 100]);
    expect(index.size).toBe(2);
    index.leave(1);
    expect(index.size).toBe(0);
  });

  it("tells many holders apart as far as it matters, and never says more than they hold", () => {
    const index = new PrefixIndex();
    const messages = Array.from({ length: 40 }, (_, at) => text(String.fromCharCode(65 + at), 60 + at));
    const depth = (row: number) => 1 + (row % 40);
    for (let row = 0; row < 200; row += 1)
      answered(index.join(row, { slots: 1, cacheTokens: 0 }), chainOf(messages.slice(0, depth(row))));
    const hits = found(index, chainOf(messages), 200);
    for (let row = 0; row < 200; row += 1) {
      const held = chainOf(messages.slice(0, depth(row))).tokens;
      expect(hits[row]).toBeLessThanOrEqual(held);
      expect(hits[row]).toBeGreaterThan(held / 4);
    }
    expect(Math.max(...hits)).toBe(chainOf(messages).tokens);
  });

  const anyPrompt = fc
    .array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 6 })
    .map((names) => chainOf(names.map((name) => text(name, 40))));
  const anyStep = fc.oneof(
    fc.record({
      do: fc.constant("ask" as const),
      row: fc.nat(2),
      prompt: anyPrompt,
      ends: fc.boolean(),
      cached: fc.nat(240),
    }),
    fc.record({ do: fc.constant("restart" as const), row: fc.nat(2) }),
  );

  it("whatever happens: nobody holds more than slots and cache have room for, and what nobody holds is forgotten", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
        const index = new PrefixIndex();
        const capacity = { slots: 2, cacheTokens: 400 };
        const rows = [0, 1, 2].map((row) => index.join(row, capacity));
        const busy: { row: number; place: Place }[] = [];
        for (const step of steps) {
          if (step.do === "restart") {
            index.leave(step.row);
            rows[step.row] = index.join(step.row, capacity);
            for (let at = busy.length - 1; at >= 0; at -= 1) if (busy[at]!.row === step.row) busy.splice(at, 1);
            continue;
          }
          const { prompt, row, ends, cached } = step;
          const expected = rows[row]!.expect(prompt);
          expect(expected).toBeLessThanOrEqual(found(index, prompt, 3)[row]!);
          const place = rows[row]!.take(prompt);
          if (place !== null) {
            expect(place.expected).toBe(expected);
            busy.push({ row, place });
          }
          const next = ends ? busy.shift() : undefined;
          if (next)
            rows[next.row]!.release(
              next.place,
              cached === 0 ? null : { promptTokens: 240, cachedTokens: cached, completionTokens: 5 },
            );
          // Each message is a link: in 2 slots of 6 messages, and 400 tokens of cache.
          expect(index.size).toBeLessThanOrEqual(3 * (2 * 6 + 400 / 40));
        }
        for (const row of [0, 1, 2]) index.leave(row);
        expect(index.size).toBe(0);
      }),
    );
  });
});
