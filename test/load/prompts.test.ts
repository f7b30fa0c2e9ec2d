import { expect, it } from "vitest";
import { Prompts, randomFrom } from "../../src/load/prompts.ts";
import { TRACES } from "../../src/load/trace.ts";
import type { ModelDescription } from "../../src/model/description.ts";

const model = { vocabulary: 1_000, purpose: "text", name: "m" } as ModelDescription;

const bodyOf = (prompts: Prompts) =>
  JSON.parse(prompts.request({ prompt: 500, answer: 9 }).body?.toString() ?? "") as { prompt: number[] };

it("prompts are token ids from the middle of the vocabulary, as many as asked for", () => {
  const body = bodyOf(new Prompts(model, 3));
  expect(body).toMatchObject({ max_tokens: 9, ignore_eos: true, stream: true });
  expect(body.prompt).toHaveLength(500);
  expect(Math.min(...body.prompt)).toBeGreaterThanOrEqual(250);
  expect(Math.max(...body.prompt)).toBeLessThan(750);
  expect(new Set(body.prompt).size).toBeGreaterThan(150);
});

it("another seed gives other prompts", () => {
  expect(bodyOf(new Prompts(model, 1))).not.toEqual(bodyOf(new Prompts(model, 2)));
});

it("a model that writes no text is refused", () => {
  expect(() => new Prompts({ ...model, purpose: "embedding" }, 0)).toThrow("it writes no text");
});

it("random numbers fill 0 to 1 evenly", () => {
  const random = randomFrom(42);
  const tenths = Array.from({ length: 10_000 }, () => Math.floor(random() * 10));
  for (let tenth = 0; tenth < 10; tenth += 1) {
    expect(tenths.filter((each) => each === tenth).length).toBeGreaterThan(850);
  }
});

it.each([
  ["chat", "prompt", 1_183 / 8],
  ["chat", "answer", 254 / 8],
  ["long", "prompt", 13_312 / 16],
  ["long", "answer", 347 / 16],
] as const)("the trace %s keeps the mean of %ss that it was made from, within a fifth", (name, what, mean) => {
  const lengths = TRACES[name].map((shape) => shape[what]);
  const ratio = lengths.reduce((sum, length) => sum + length, 0) / lengths.length / mean;
  expect(Math.abs(ratio - 1)).toBeLessThan(0.2);
});
