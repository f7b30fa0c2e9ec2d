import { describe, expect, it } from "vitest";
import { Transcript } from "../../src/proxy/transcript.ts";
import { bytesOf, chunk, counted, draftOf, piece, role, textPiece } from "./stream-events.ts";

describe("a draft", () => {
  it("is empty as long as only the speaker is known", () => {
    expect(draftOf(role).isEmpty).toBe(true);
    expect(draftOf(role, piece("a")).isEmpty).toBe(false);
    expect(draftOf(role, chunk({ reasoning_content: "hm" })).isEmpty).toBe(false);
    expect(draftOf("null", textPiece("")).isEmpty).toBe(true);
  });

  it("joins what was said, of each answer by itself", () => {
    const { choices, pieces, firstHead } = draftOf(
      textPiece("one", null, 1),
      textPiece("ze", null, 0),
      textPiece("ro", "stop", 0),
    );
    expect(choices.map(({ index, text, finish }) => [index, text, finish])).toEqual([
      [0, "zero", "stop"],
      [1, "one", null],
    ]);
    expect([pieces, firstHead?.id]).toEqual([3, "chatcmpl-1"]);
  });

  it("joins tool calls, whose arguments come in pieces and whose names come whole", () => {
    const call = (index: number, rest: object): object => chunk({ tool_calls: [{ index, ...rest }] });
    const { choices } = draftOf(
      call(0, { id: "x", type: "function", function: { name: "f" } }),
      call(0, { function: { arguments: '{"a"' } }),
      call(0, { function: { name: "ff", arguments: ":1}" } }),
      call(1, { id: "y", type: "function", function: { name: "g", arguments: "{}" } }),
    );
    expect([...(choices[0]?.toolCalls.values() ?? [])]).toEqual([
      { id: "x", name: "ff", arguments: '{"a":1}' },
      { id: "y", name: "g", arguments: "{}" },
    ]);
  });

  it("gives usage and timings to the answer that ended last", () => {
    const { choices } = draftOf(chunk({}, "stop", 1), counted(3, 4), chunk({}, "stop", 0), counted(5, 6));
    expect(choices.map((choice) => choice.usage?.prompt_tokens)).toEqual([5, 3]);
  });

  it("tells an engine's error, and events that nobody can read", () => {
    expect(draftOf({ error: { code: 500, message: "no" } }).error).toEqual({ code: 500, message: "no" });
    expect(draftOf('{"choices":[').isReadable).toBe(false);
    expect(draftOf("[1]").isReadable).toBe(false);
  });
});

describe("a transcript", () => {
  it("is over with [DONE] or an error, and not before", () => {
    const transcript = new Transcript();
    transcript.push(bytesOf(role, piece("a")));
    expect(transcript.isOver).toBe(false);
    transcript.push(bytesOf(chunk({}, "stop"), "[DONE]"));
    expect(transcript.isOver).toBe(true);
    const broken = new Transcript();
    broken.push(bytesOf({ error: { message: "no" } }));
    expect(broken.isOver).toBe(true);
  });

  it("knows a stream of any length by what it said", () => {
    const transcript = new Transcript();
    for (let at = 0; at < 3_000; at++) transcript.push(bytesOf(piece(`${at} 你好🙂 `)));
    const text = transcript.draft.choices[0]?.text ?? "";
    expect(text.startsWith("0 你好🙂 1 你好🙂 ")).toBe(true);
    expect(text.split("🙂")).toHaveLength(3_001);
  });
});
