import { describe, expect, it } from "vitest";
import { PLAIN_ASK } from "../../src/route/ask.ts";
import { Habits } from "../../src/route/habits.ts";
import { type Measured, Rates } from "../../src/route/rates.ts";

const measured = (facts: Partial<Measured>): Measured => ({
  promptTokens: 100,
  cachedTokens: 0,
  promptMs: null,
  completionTokens: 20,
  completionMs: null,
  ...facts,
});

describe("Rates", () => {
  const rates = () => new Rates(4, { promptRate: 100, answerPace: 30, running: 2 });

  it("are what was predicted until answers show otherwise", () => {
    expect(rates().promptPace).toBe(10);
    expect([1, 2, 4].map((running) => rates().answerPace(running))).toEqual([20, 30, 50]);
  });

  it("go over to what answers show, by how many there were at once", () => {
    const learned = rates();
    for (let times = 0; times < 40; times += 1) {
      learned.learn(measured({ promptMs: 500, completionMs: 2_000 }), 1, true);
      learned.learn(measured({ completionMs: 3_200 }), 4, true);
    }
    expect(learned.promptPace).toBeCloseTo(5, 1);
    expect(learned.answerPace(1)).toBeCloseTo(100);
    expect(learned.answerPace(4)).toBeCloseTo(160);
    expect(learned.answerPace(2)).toBeCloseTo(150);
  });

  it("count what was computed, and nothing of prompts that shared the time with others or were all but cached", () => {
    const learned = rates();
    learned.learn(measured({ promptMs: 900 }), 1, false);
    learned.learn(measured({ cachedTokens: 95, promptMs: 900 }), 1, true);
    expect(learned.promptPace).toBe(10);
    learned.learn(measured({ promptTokens: 1_000, cachedTokens: 900, promptMs: 2_000 }), 1, true);
    expect(learned.promptPace).toBe(12);
  });
});

describe("Habits", () => {
  const ask = { ...PLAIN_ASK, prompt: { ...PLAIN_ASK.prompt, bytes: 400, tokens: 100 } };

  it("learn how many tokens a byte is and how long answers are", () => {
    const habits = new Habits();
    for (let times = 0; times < 100; times += 1)
      habits.learn(ask, measured({ promptTokens: 400, completionTokens: 30 }), 0);
    expect(habits.tokensPerByte).toBeCloseTo(1, 1);
    expect(habits.answerTokens).toBeCloseTo(30, -1);
  });

  it("trust what is expected to be found less where it is not found, and again where it is", () => {
    const habits = new Habits();
    for (let times = 0; times < 20; times += 1) habits.learn(ask, measured({ cachedTokens: 0 }), 80);
    expect(habits.trust).toBeLessThan(0.1);
    for (let times = 0; times < 20; times += 1) habits.learn(ask, measured({ cachedTokens: 80 }), 80);
    expect(habits.trust).toBeGreaterThan(0.9);
  });
});
