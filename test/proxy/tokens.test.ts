import { describe, expect, it } from "vitest";
import { tokensAtEndOf } from "../../src/proxy/tokens.ts";

describe("tokensAtEndOf", () => {
  it("adds cached and new prompt tokens from a stream's last chunk", () => {
    const tail =
      'data: {"choices":[{"finish_reason":"stop","index":0,"delta":{}}],"timings":{"cache_n":13,"prompt_n":7,"prompt_ms":8.1,"predicted_n":52}}\n\ndata: [DONE]\n\n';
    expect(tokensAtEndOf(tail)).toEqual({ prompt: 20, completion: 52 });
  });

  it("takes usage where there are no timings", () => {
    expect(tokensAtEndOf('"usage":{"completion_tokens":4,"prompt_tokens":9,"total_tokens":13}}')).toEqual({
      prompt: 9,
      completion: 4,
    });
    expect(tokensAtEndOf('"usage":{"prompt_tokens":9,"total_tokens":9}}')).toEqual({ prompt: 9, completion: 0 });
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
