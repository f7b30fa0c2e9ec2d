import { describe, expect, it } from "vitest";
import { carriesToken, tokensAtEndOf } from "../../src/proxy/tokens.ts";

describe("tokensAtEndOf", () => {
  it("adds cached and new prompt tokens from a stream's last chunk", () => {
    const tail =
      'data: {"choices":[{"finish_reason":"stop","index":0,"delta":{}}],"timings":{"cache_n":13,"prompt_n":7,"prompt_ms":8.1,"predicted_n":52}}\n\ndata: [DONE]\n\n';
    expect(tokensAtEndOf(tail)).toEqual({ prompt: 20, cached: 13, completion: 52 });
  });

  it("takes usage where there are no timings", () => {
    expect(tokensAtEndOf('"usage":{"completion_tokens":4,"prompt_tokens":9,"total_tokens":13}}')).toEqual({
      prompt: 9,
      cached: 0,
      completion: 4,
    });
    const details = '"usage":{"completion_tokens":4,"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":6}}}';
    expect(tokensAtEndOf(details)).toEqual({ prompt: 9, cached: 6, completion: 4 });
    expect(tokensAtEndOf('"usage":{"prompt_tokens":9,"total_tokens":9}}')).toEqual({
      prompt: 9,
      cached: 0,
      completion: 0,
    });
  });

  it("knows the usage of the newer routes", () => {
    const responses = '"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":6},"output_tokens":4}}';
    expect(tokensAtEndOf(responses)).toEqual({ prompt: 9, cached: 6, completion: 4 });
    const messages = '"usage":{"cache_read_input_tokens":6,"input_tokens":3,"output_tokens":4}}';
    expect(tokensAtEndOf(messages)).toEqual({ prompt: 9, cached: 6, completion: 4 });
  });

  it("says nothing where the answer does not", () => {
    expect(tokensAtEndOf("")).toBeNull();
    expect(tokensAtEndOf('{"error":{"code":400}}')).toBeNull();
    expect(tokensAtEndOf('"prompt_tokens":"many"')).toBeNull();
  });

  it("is not fooled by a text that looks like counts", () => {
    const text = JSON.stringify({ content: '"prompt_n":1000000,"predicted_n":1000000' });
    expect(tokensAtEndOf(text)).toBeNull();
  });
});

describe("carriesToken", () => {
  it.each([
    ["a chat", '{"choices":[{"delta":{"content":"a"}}]}'],
    ["thoughts", '{"choices":[{"delta":{"reasoning_content":"a"}}]}'],
    ["a tool's arguments", '{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{"}}]}}]}'],
    ["a completion", '{"choices":[{"text":" a"}]}'],
    ["a message", '{"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}'],
    ["a response", '{"type":"response.output_text.delta","delta":"a"}'],
    ["an event behind one without", '{"delta":{"content":null}}\n\ndata: {"delta":{"content":"a"}}'],
  ])("sees the text of %s", (_, event) => {
    expect(carriesToken(Buffer.from(`data: ${event}\n\n`))).toBe(true);
  });

  it.each([
    ["a chat's role", '{"choices":[{"delta":{"role":"assistant","content":null}}]}'],
    ["an empty text", '{"choices":[{"text":"","finish_reason":"stop"}]}'],
    ["the start of a message", '{"type":"message_start","message":{"role":"assistant","content":[]}}'],
    ["the start of its text", '{"type":"content_block_start","content_block":{"type":"text","text":""}}'],
    ["the start of a response", '{"type":"response.created","response":{"object":"response","output":[]}}'],
    ["an error", '{"error":{"message":"no","type":"server_error"}}'],
    ["words that look like it", JSON.stringify({ name: '"content":"a"' })],
  ])("is not fooled by %s", (_, event) => {
    expect(carriesToken(Buffer.from(`data: ${event}\n\n`))).toBe(false);
  });
});
