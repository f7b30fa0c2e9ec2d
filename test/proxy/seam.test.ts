import { describe, expect, it } from "vitest";
import { Seam, type SeamFacts } from "../../src/proxy/seam.ts";
import { chunk, counted, piece, role, textHead, textPiece, usage } from "./stream-events.ts";

const first = { created: 9, id: "first", model: "m", system_fingerprint: "b1", object: "chat.completion.chunk" };

function rewritten(facts: Partial<SeamFacts>, ...events: (object | string)[]): unknown[] {
  const seam = new Seam({
    kind: "chat",
    isTranslated: false,
    head: first,
    rolesTold: new Set([0]),
    isFull: false,
    finish: null,
    wantsUsage: true,
    before: { prompt: 10, completion: 4, ms: 100 },
    ...facts,
  });
  const lines = events.flatMap((event) => seam.rewrite(typeof event === "string" ? event : JSON.stringify(event)));
  return lines.map((data) => (data === "[DONE]" ? data : JSON.parse(data)));
}

const choice = (delta: object, finish: string | null = null): object => ({
  choices: [{ index: 0, finish_reason: finish, delta }],
  ...first,
});

describe("the events of a worker that goes on", () => {
  it("are in the first one's name, and say nothing again of who speaks", () => {
    expect(rewritten({}, role, piece("a"), chunk({}, "stop"), "[DONE]")).toEqual([
      choice({ content: "a" }),
      choice({}, "stop"),
      "[DONE]",
    ]);
    expect(rewritten({ rolesTold: new Set() }, role)).toEqual([choice({ role: "assistant", content: null })]);
  });

  it("count as if one worker had made all", () => {
    // It has read the prompt of 10 and the text of 4, 12 of them from its cache.
    expect(rewritten({}, { ...counted(14, 3), usage: usage(14, 3, 12) })).toEqual([
      { choices: [], ...first, usage: usage(10, 7, 10) },
    ]);
    const unknown = { before: { prompt: null, completion: 4, ms: 100 } };
    expect(rewritten(unknown, counted(15, 3))).toEqual([{ choices: [], ...first, usage: usage(11, 7) }]);
  });

  it("tell timings of all of it, too, and remember the worker's own", () => {
    const timings = { cache_n: 2, prompt_n: 12, prompt_ms: 20, predicted_n: 4, predicted_ms: 60, other: 1 };
    const [event] = rewritten({}, { ...counted(14, 4), timings });
    expect((event as { timings: unknown }).timings).toEqual({
      cache_n: 2,
      prompt_n: 8,
      prompt_ms: 20,
      prompt_per_token_ms: 2.5,
      prompt_per_second: 400,
      predicted_n: 8,
      predicted_ms: 160,
      predicted_per_token_ms: 20,
      predicted_per_second: 50,
      other: 1,
    });
  });

  it("pass an engine's error on as it is", () => {
    const error = { error: { code: 500, message: "no" } };
    expect(rewritten({}, error)).toEqual([error]);
  });
});

describe("where the text is complete", () => {
  it("what comes is not told, but that the limit was reached", () => {
    expect(rewritten({ isFull: true }, role, piece("x"), chunk({}, "stop"), counted(14, 1), "[DONE]")).toEqual([
      choice({}, "length"),
      { choices: [], ...first, usage: usage(10, 4) },
      "[DONE]",
    ]);
  });

  it("an end that was told is not told again", () => {
    const events = rewritten(
      { isFull: true, finish: "stop" },
      piece("x"),
      chunk({}, "length"),
      counted(14, 1),
      "[DONE]",
    );
    expect(events).toEqual([{ choices: [], ...first, usage: usage(10, 4) }, "[DONE]"]);
  });
});

describe("a completion that goes on with a chat", () => {
  const end = { ...textPiece("", "stop"), usage: usage(14, 3), timings: { predicted_n: 3 } };

  it("comes as a chat", () => {
    const events = rewritten({ isTranslated: true }, textPiece("a"), textPiece(""), end, "[DONE]");
    expect(events).toMatchObject([
      choice({ content: "a" }),
      choice({}, "stop"),
      { choices: [], ...first, usage: usage(10, 7), timings: { predicted_n: 7 } },
      "[DONE]",
    ]);
  });

  it("keeps its usage to itself where the client did not ask for it", () => {
    const [event, ...others] = rewritten({ isTranslated: true, wantsUsage: false }, end);
    expect(event).toMatchObject({ ...choice({}, "stop"), timings: { predicted_n: 7 } });
    expect(event).not.toHaveProperty("usage");
    expect(others).toEqual([]);
  });
});

describe("a completion that goes on with a completion", () => {
  it("keeps its form", () => {
    const head = { ...textHead, id: "first" };
    const end = { ...textPiece("", "stop"), usage: usage(14, 3) };
    expect(rewritten({ kind: "completion", head }, textPiece("a"), end)).toEqual([
      { choices: [{ text: "a", index: 0, logprobs: null, finish_reason: null }], ...head },
      { choices: [{ text: "", index: 0, logprobs: null, finish_reason: "stop" }], ...head, usage: usage(10, 7) },
    ]);
  });
});
