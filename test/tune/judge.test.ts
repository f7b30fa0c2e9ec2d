import { describe, expect, it } from "vitest";
import { figuresOf, judge, levelsFor } from "../../src/tune/judge.ts";
import { sample } from "./kit.ts";

const tokens = { prompt: 64, answer: 32 };
const level = [
  [1, 1],
  [4, 1],
  [8, 1],
] as const;
const reference = sample(level);
const score = (cells: readonly (readonly [number, number])[]) =>
  judge(sample(cells), { goal: "balanced", tokens, reference });

describe("the levels of a judgement", () => {
  it("are one request, some and all, but for throughput", () => {
    expect(levelsFor("balanced", 8)).toEqual([1, 4, 8]);
    expect(levelsFor("latency", 2)).toEqual([1, 2]);
    expect(levelsFor("balanced", 1)).toEqual([1]);
    expect(levelsFor("throughput", 32)).toEqual([32]);
  });
});

describe("a judgement", () => {
  it("is 1 of what is as good as the reference, and grows with speed", () => {
    expect(score(level)).toBeCloseTo(1);
    expect(score(level.map(([n, speed]) => [n, 2 * speed]))).toBeCloseTo(2);
  });

  it("gives the level it is made for as much weight as all others", () => {
    expect(
      score([
        [1, 1],
        [4, 1],
        [8, 2.25],
      ]),
    ).toBeCloseTo(1.5);
    expect(
      score([
        [1, 2.25],
        [4, 2.25],
        [8, 1],
      ]),
    ).toBeCloseTo(1.5);
  });

  it("counts a loss three times, so that a gain elsewhere hardly makes up for it", () => {
    expect(
      score([
        [1, 1],
        [4, 1],
        [8, 0.5],
      ]),
    ).toBeCloseTo(0.5 ** 1.5);
    expect(
      score([
        [1, 0.7],
        [4, 0.7],
        [8, 1.5],
      ]),
    ).toBeLessThan(1);
  });

  it("weighs quiet and noisy alike", () => {
    const both = (quiet: number, noisy: number) => [...sample([[1, quiet]]), ...sample([[1, noisy]], true)];
    const against = { goal: "latency", tokens, reference: both(1, 1) } as const;
    expect(judge(both(2.25, 1), against)).toBeCloseTo(judge(both(1, 2.25), against));
    expect(judge(both(1, 2.25), against)).toBeCloseTo(1.5);
  });

  it("takes a gain for threefold at most, so that a neighbour's whims don't outweigh a loss in quiet", () => {
    const both = (quiet: number, noisy: number) => [...sample([[1, quiet]]), ...sample([[1, noisy]], true)];
    const against = { goal: "latency", tokens, reference: both(1, 1) } as const;
    expect(judge(both(1, 20), against)).toBeCloseTo(judge(both(1, 3), against));
    expect(judge(both(0.6, 20), against)).toBeLessThan(judge(both(1, 3), against));
  });
});

describe("the figures of several samples", () => {
  it("are medians, so that one outlier has no say", () => {
    const samples = [sample([[1, 1]]), sample([[1, 50]]), sample([[1, 1.1]])];
    expect(figuresOf(samples, 1, false).decode).toBeCloseTo(11);
  });
});
