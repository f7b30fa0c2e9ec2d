import { expect, it } from "vitest";
import { Recent } from "../../src/pool/recent.ts";
import type { ExchangeFacts } from "../../src/proxy/facts.ts";

const stream: ExchangeFacts = {
  outcome: "answered",
  upstream: "m#0.0",
  attempts: 1,
  continued: 0,
  assembled: false,
  status: 200,
  bytes: 0,
  queuedMs: 0,
  firstByteMs: 500,
  firstTokenMs: 1_000,
  gaps: { count: 1, sum: 1, longest: 1, bounds: [], counts: [1] },
  totalMs: 21_000,
  tokens: { prompt: 3, cached: 0, completion: 200 },
  error: null,
};
const whole: ExchangeFacts = { ...stream, queuedMs: 2_000, firstTokenMs: 4_000, totalMs: 4_000, gaps: null };

it("spreads the tokens of an answer over the time in which they were made", () => {
  const recent = new Recent(0);
  recent.add(stream, 100_000);
  expect(recent.figures(100_000).tokensPerSecond).toBeCloseTo(200 / 60);
  // Made from 80 s to 100 s: at 150 s the first ten seconds of it are more than a minute ago.
  expect(recent.figures(149_999).tokensPerSecond).toBeCloseTo(100 / 60);
  expect(recent.figures(160_000).tokensPerSecond).toBe(0);
});

it("an answer that comes whole was made from when it had its slot", () => {
  const recent = new Recent(0);
  recent.add(whole, 100_000);
  expect(recent.figures(157_999).tokensPerSecond).toBeCloseTo(100 / 60 + 100 / 60);
  expect(recent.figures(158_500).tokensPerSecond).toBeCloseTo(100 / 60);
});

it("in its first minute it takes the time that there was", () => {
  const recent = new Recent(1_000);
  recent.add({ ...whole, totalMs: 1, queuedMs: 0, firstTokenMs: 1 }, 11_000);
  expect(recent.figures(11_000).tokensPerSecond).toBeCloseTo(20);
});

it("gives percentiles of the waits of the last minute, and none without one", () => {
  const recent = new Recent(0);
  expect(recent.figures(1_000).firstTokenMs).toBeNull();
  for (let ms = 1; ms <= 100; ms += 1) recent.add({ ...whole, firstTokenMs: ms }, 1_000 * ms);
  expect(recent.figures(100_000).firstTokenMs).toEqual({ p50: 70, p95: 97 });
  expect(recent.figures(200_000).firstTokenMs).toBeNull();
});

it("does not take what was refused for an answer", () => {
  const recent = new Recent(0);
  recent.add({ ...whole, status: 500 }, 1_000);
  recent.add({ ...whole, firstTokenMs: null }, 1_000);
  expect(recent.figures(2_000)).toEqual({ tokensPerSecond: 0, firstTokenMs: null });
});
