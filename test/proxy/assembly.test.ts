import { describe, expect, it } from "vitest";
import { assemble, canAssemble, streamed } from "../../src/proxy/assembly.ts";
import { chunk, counted, draftOf, piece, role, textHead, textPiece, usage } from "./stream-events.ts";

const around = { created: 1, id: "chatcmpl-1", model: "m", system_fingerprint: "b1" };

describe("what is assembled", () => {
  const generation = { kind: "chat", isStream: false } as const;

  it.each([
    {},
    { n: 2 },
    { tools: [{ type: "function" }] },
    { logprobs: false },
    { response_format: { type: "json_object" } },
    { n_probs: null },
  ])("a plain request: %j", (body) => {
    expect(canAssemble({ ...generation, body })).toBe(true);
  });

  it.each([
    { logprobs: true },
    { logprobs: 3 },
    { n_probs: 5 },
    { continue_final_message: true },
    { verbose: true },
    { reasoning_format: "deepseek-legacy" },
  ])("not what a stream tells otherwise: %j", (body) => {
    expect(canAssemble({ ...generation, body })).toBe(false);
  });

  it("not what is a stream anyway", () => {
    expect(canAssemble({ kind: "chat", isStream: true, body: {} })).toBe(false);
  });
});

describe("the request for a stream", () => {
  it("is the body with other last words, whatever it said before", () => {
    const body = '{"prompt":"}","stream":false,"stream_options":null}\n';
    expect(JSON.parse(streamed(Buffer.from(body)).toString())).toEqual({
      prompt: "}",
      stream: true,
      stream_options: { include_usage: true },
    });
  });
});

describe("an assembled answer", () => {
  it("is a chat as the engine writes it", () => {
    const timings = { predicted_n: 3 };
    const draft = draftOf(role, piece("你"), piece("好"), chunk({}, "stop"), { ...counted(4, 3), timings }, "[DONE]");
    expect(assemble("chat", draft)).toEqual({
      status: 200,
      json: {
        choices: [{ finish_reason: "stop", index: 0, message: { role: "assistant", content: "你好" } }],
        ...around,
        object: "chat.completion",
        usage: usage(4, 3),
        timings,
      },
    });
  });

  it("has an empty content where there is none, and reasoning and tool calls where there are", () => {
    const call = { index: 0, id: "x", type: "function", function: { name: "f", arguments: "{}" } };
    const draft = draftOf(
      role,
      chunk({ reasoning_content: "hm" }),
      chunk({ tool_calls: [call] }),
      chunk({}, "tool_calls"),
    );
    expect(assemble("chat", draft).json.choices).toEqual([
      {
        finish_reason: "tool_calls",
        index: 0,
        message: {
          role: "assistant",
          content: "",
          reasoning_content: "hm",
          tool_calls: [{ type: "function", function: { name: "f", arguments: "{}" }, id: "x" }],
        },
      },
    ]);
  });

  it("has all answers in their order, and the figures of the first", () => {
    const draft = draftOf(
      "null",
      textPiece("b", null, 1),
      textPiece("a", null, 0),
      { ...textPiece("", "stop", 1), usage: usage(1, 2) },
      { ...textPiece("", "length", 0), usage: usage(3, 4) },
    );
    expect(assemble("completion", draft).json).toEqual({
      choices: [
        { text: "a", index: 0, logprobs: null, finish_reason: "length" },
        { text: "b", index: 1, logprobs: null, finish_reason: "stop" },
      ],
      ...textHead,
      usage: usage(3, 4),
    });
  });

  it("is the engine's error with its status, where one came in the middle", () => {
    const error = { code: 400, message: "too long", type: "invalid_request_error" };
    expect(assemble("chat", draftOf(role, { error }))).toEqual({ status: 400, json: { error } });
    expect(assemble("chat", draftOf({ error: { message: "?" } })).status).toBe(500);
  });
});
