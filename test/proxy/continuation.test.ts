import { describe, expect, it } from "vitest";
import { continued, hasTemplateWay, hindrance, written } from "../../src/proxy/continuation.ts";
import type { Generation } from "../../src/proxy/generation.ts";
import { chunk, draftOf, piece, role, textPiece } from "./stream-events.ts";

const user = { role: "user", content: "hi" };
const chat = (body: object = {}, isStream = true): Generation => ({
  kind: "chat",
  isStream,
  body: { messages: [user], stream: isStream, ...body },
});
const completion = (prompt: unknown, body: object = {}): Generation => ({
  kind: "completion",
  isStream: true,
  body: { prompt, ...body },
});
const begun = draftOf(role, piece("Hel"), piece("lo"));

describe("what can't be continued", () => {
  it("is nothing of an ordinary chat or completion", () => {
    expect(
      hindrance(chat({ seed: 7, tools: [{ type: "function" }], response_format: { type: "text" } }), begun),
    ).toBeNull();
    expect(hindrance(completion("a"), draftOf(textPiece("b")))).toBeNull();
    expect(hindrance(completion([1, 2]), draftOf(textPiece("b")))).toBeNull();
    expect(hindrance(completion(["a"]), draftOf(textPiece("b")))).toBeNull();
  });

  it.each([
    [{ n: 2 }, /"n"/],
    [{ logprobs: true }, /"logprobs"/],
    [{ grammar: "root ::= a" }, /"grammar"/],
    [{ json_schema: {} }, /"json_schema"/],
    [{ tool_choice: "required" }, /"tool_choice"/],
    [{ tool_choice: { type: "function" } }, /"tool_choice"/],
    [{ response_format: { type: "json_object" } }, /"response_format"/],
    [{ timings_per_token: true }, /"timings_per_token"/],
    [{ messages: [user, { role: "assistant", content: [{ type: "text", text: "a" }] }] }, /parts/],
  ])("by what was asked: %j", (body, why) => {
    expect(hindrance(chat(body), begun)).toMatch(why);
  });

  it("by where it is: in a tool call, in several answers, in what nobody can read", () => {
    const call = chunk({ tool_calls: [{ index: 0, id: "x", function: { name: "f" } }] });
    expect(hindrance(chat(), draftOf(role, piece("a"), call))).toMatch(/tool call/);
    expect(hindrance(chat(), draftOf(role, chunk({ reasoning_content: "hm" })))).toBeNull();
    expect(hindrance(chat(), draftOf(piece("a"), chunk({ content: "b" }, null, 1)))).toMatch(/several answers/);
    expect(hindrance(chat(), draftOf(piece("a"), "{"))).toMatch(/read/);
    expect(hindrance(completion(["a", "b"]), draftOf(textPiece("c")))).toMatch(/several prompts/);
  });
});

describe("the next request of a chat", () => {
  it("has the answer so far as its last message, and all else as it was", () => {
    const generation = chat({ seed: 7, temperature: 0.5, stream_options: { include_usage: false } });
    expect(continued(generation, begun, "prefill", { tokens: 2 })).toEqual({
      path: "/v1/chat/completions",
      isFull: false,
      body: {
        messages: [user, { role: "assistant", content: "Hello" }],
        stream: true,
        seed: 7,
        temperature: 0.5,
        stream_options: { include_usage: false },
        continue_final_message: true,
        add_generation_prompt: false,
      },
    });
  });

  it("is for a stream with usage where the client wants it whole", () => {
    const { body } = continued(chat({}, false), begun, "prefill", { tokens: 2 });
    expect(body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it("keeps what was reasoned, alone or before the text", () => {
    const reasoned = chunk({ reasoning_content: "hm" });
    const draft = draftOf(role, reasoned, piece("a"));
    expect(continued(chat(), draftOf(role, reasoned), "prefill", { tokens: 1 }).body.messages).toEqual([
      user,
      { role: "assistant", reasoning_content: "hm", content: "" },
    ]);
    expect(continued(chat(), draft, "prefill", { tokens: 2 }).body.messages).toEqual([
      user,
      { role: "assistant", reasoning_content: "hm", content: "a" },
    ]);
  });

  it("goes on with an assistant's message that the client had begun, which streams repeat unless asked not to", () => {
    const given = { role: "assistant", content: "He" };
    const messages = (body: object, ...said: string[]): unknown =>
      continued(chat(body), draftOf(role, ...said.map(piece)), "prefill", { tokens: 1 }).body.messages;
    const whole = [user, { role: "assistant", content: "Hello" }];
    expect(messages({ messages: [user, given] }, "Hel", "lo")).toEqual(whole);
    expect(messages({ messages: [user, given], continue_final_message: true }, "l", "lo")).toEqual(whole);
    expect(written({ messages: [user, given] }, "Hello")).toBe("llo");
    expect(written({ messages: [user, given], continue_final_message: true }, "llo")).toBe("llo");
  });

  it("has what is left of every limit, and says when nothing is", () => {
    const limits = { max_tokens: 10, max_completion_tokens: 20, n_predict: -1 };
    const next = continued(chat(limits), begun, "prefill", { tokens: 4 });
    expect(next.body).toMatchObject({ max_tokens: 6, max_completion_tokens: 16, n_predict: -1 });
    const full = continued(chat(limits), begun, "prefill", { tokens: 10 });
    expect(full).toMatchObject({ isFull: true, body: { max_tokens: 1, max_completion_tokens: 10, n_predict: 1 } });
    const ended = continued(chat(), draftOf(piece("a"), chunk({}, "stop")), "prefill", { tokens: 1 });
    expect(ended).toMatchObject({ isFull: true, body: { n_predict: 1 } });
  });

  it("is a completion of the chat as the template writes it, where the engine takes no unfinished message", () => {
    const before = { tokens: 2, prompt: "<|user|>hi<|assistant|>" };
    const { path, body } = continued(chat({ seed: 7, tool_choice: "none" }), begun, "template", before);
    expect(path).toBe("/v1/completions");
    expect(body).toEqual({ prompt: "<|user|>hi<|assistant|>Hello", seed: 7, stream: true });
    expect(hasTemplateWay(chat(), begun)).toBe(true);
    expect(hasTemplateWay(chat({ tools: [{ type: "function" }] }), begun)).toBe(false);
    expect(hasTemplateWay(chat(), draftOf(chunk({ reasoning_content: "hm" }), piece("a")))).toBe(false);
    expect(hasTemplateWay(completion("a"), draftOf(textPiece("b")))).toBe(false);
  });
});

describe("the next request of a completion", () => {
  it.each([
    ["text", "one ", "one two"],
    ["a text in a list", ["one "], ["one two"]],
    ["tokens", [1, 2], [1, 2, "two"]],
    ["tokens and texts", [1, "one "], [1, "one two"]],
  ])("has the text so far behind the prompt: %s", (_name, prompt, next) => {
    const { path, body } = continued(completion(prompt), draftOf(textPiece("t"), textPiece("wo")), "prefill", {
      tokens: 2,
    });
    expect([path, body.prompt]).toEqual(["/v1/completions", next]);
  });
});
