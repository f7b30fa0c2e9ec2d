import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ExchangeRecord } from "../../src/proxy/record.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => vi.useRealTimers());

/** Each piece comes so many milliseconds after the one before. */
function recorded(isStream: boolean, pieces: readonly (readonly [number, string])[]) {
  const record = new ExchangeRecord();
  record.attempt("m#0.0");
  record.begin(isStream);
  for (const [after, text] of pieces) {
    vi.advanceTimersByTime(after);
    record.chunk(Buffer.from(text));
  }
  return record.facts("answered", null);
}

const role = 'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}\n\n';
const token = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n';

describe("what an exchange measures", () => {
  it("the first token of a stream is not its first event, and pauses count from there", () => {
    const facts = recorded(true, [
      [5, role],
      [20, token],
      [30, token],
      [70, "data: [DONE]\n\n"],
    ]);
    expect(facts).toMatchObject({ firstByteMs: 5, firstTokenMs: 25, totalMs: 125 });
    expect(facts.gaps).toMatchObject({ count: 2, sum: 100, longest: 70 });
  });

  it("a stream without a token has no first one", () => {
    expect(recorded(true, [[5, role]])).toMatchObject({ firstByteMs: 5, firstTokenMs: null, gaps: null });
  });

  it("an answer that comes whole has its first byte for it, and no pauses", () => {
    const facts = recorded(false, [
      [5, '{"choices":'],
      [2, "[]}"],
    ]);
    expect(facts).toMatchObject({ firstByteMs: 5, firstTokenMs: 5, gaps: null });
  });
});
