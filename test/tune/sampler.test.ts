import { describe, expect, it } from "vitest";
import { tokensFor } from "../../src/tune/sampler.ts";

describe("the requests of a tuning", () => {
  const facts = { levels: [1, 4, 8], robust: false, budget: 300, probe: 1 };

  it("are as long as the budget pays for", () => {
    const { prompt, answer } = tokensFor(facts);
    expect(prompt).toBe(2 * answer);
    expect(tokensFor({ ...facts, robust: true }).answer).toBeLessThan(answer);
    expect(tokensFor({ ...facts, budget: 100 }).answer).toBeLessThan(answer);
  });

  it("stay long enough to say something, and short enough to repeat", () => {
    expect(tokensFor({ ...facts, probe: 1000 })).toEqual({ prompt: 16, answer: 8 });
    expect(tokensFor({ ...facts, probe: 0.001 })).toEqual({ prompt: 128, answer: 64 });
  });
});
