import { describe, expect, it } from "vitest";
import { type Answer, closingEvents } from "../../src/load/answer.ts";
import { busyTimeOf } from "../../src/load/busy-time.ts";
import { figuresOf } from "../../src/load/figures.ts";
import { scoreOf } from "../../src/plan/goal.ts";

const span = (worker: string, givenAt: number, firstAt: number, lastAt: number) => ({
  worker,
  givenAt,
  firstAt,
  lastAt,
});

describe("the time of a pool", () => {
  it("is a worker's prompts' while one of its requests waits, its answers' else", () => {
    expect(busyTimeOf([span("a", 0, 10, 30)])).toEqual({ prefill: 10, decode: 20 });
    // The second one's prompt is computed while the first one's answer is being written.
    expect(busyTimeOf([span("a", 0, 10, 30), span("a", 15, 25, 40)])).toEqual({ prefill: 20, decode: 20 });
  });

  it("is divided by workers that do different things at once", () => {
    expect(busyTimeOf([span("a", 0, 10, 20), span("b", 0, 20, 20)])).toEqual({ prefill: 15, decode: 5 });
  });

  it("does not pass while nobody works, or of no requests", () => {
    expect(busyTimeOf([span("a", 0, 10, 20), span("a", 100, 110, 120)])).toEqual({ prefill: 20, decode: 20 });
    expect(busyTimeOf([])).toEqual({ prefill: 0, decode: 0 });
  });
});

function served(worker: string, askedAt: number, more: Partial<Extract<Answer, { kind: "served" }>> = {}): Answer {
  const times = { givenAt: askedAt, firstAt: askedAt + 1_000, lastAt: askedAt + 3_000 };
  return { kind: "served", worker, askedAt, ...times, gaps: [500, 1_500], prompt: 100, answer: 3, ...more };
}

describe("figures", () => {
  it("of one request after the other are its own", () => {
    const { throughput, prefill, decode, firstToken, perToken, figures } = figuresOf({
      concurrency: 1,
      seconds: 6,
      answers: [served("a", 0), served("a", 3_000)],
    });
    expect(prefill).toBe(100);
    expect(decode).toBe(1.5);
    expect(throughput).toEqual({ prompt: 200 / 6, answer: 1, requests: 2 / 6 });
    expect(firstToken).toEqual({ p50: 1, p90: 1, p99: 1 });
    expect(perToken.p50).toBe(1);
    expect(perToken.p90).toBe(1.5);
    expect(figures).toEqual({ prefill: 100, decode: 1.5, firstToken: 1, perToken: 1 });
  });

  it("of two workers are those of both together", () => {
    const { prefill, decode } = figuresOf({ concurrency: 2, seconds: 3, answers: [served("a", 0), served("b", 0)] });
    expect({ prefill, decode }).toEqual({ prefill: 200, decode: 3 });
  });

  it("score throughput as requests a second", () => {
    const answers = [served("a", 0), served("a", 500, { firstAt: 2_500, lastAt: 4_000 }), served("b", 0)];
    const { figures } = figuresOf({ concurrency: 3, seconds: 4, answers });
    expect(scoreOf("throughput", figures, { concurrency: 3, prompt: 100, answer: 3 })).toBeCloseTo(3 / 4);
  });

  it("count the queue in the first token, and not in the workers' time", () => {
    const { prefill, firstToken } = figuresOf({
      concurrency: 1,
      seconds: 8,
      answers: [served("a", 0, { givenAt: 5_000, firstAt: 6_000, lastAt: 8_000 })],
    });
    expect({ prefill, wait: firstToken.p50 }).toEqual({ prefill: 100, wait: 6 });
  });

  it("are of whole answers, and tell of the others", () => {
    const lost: Answer = { kind: "missed", why: "lost", error: null };
    const figures = figuresOf({ concurrency: 1, seconds: 3, answers: [lost, served("a", 0), lost] });
    expect(figures).toMatchObject({ requests: 3, failed: 2, failures: [{ why: "lost", count: 2 }], prefill: 100 });
  });
});

describe("the end of a stream", () => {
  const piece = 'data: {"choices":[{"text":"a","finish_reason":null}]}\n\n';
  const end = 'data: {"choices":[{"text":"","finish_reason":"length"}],"timings":{}}\n\n';

  it("is not counted as text", () => {
    expect(closingEvents(`${piece}${piece}${end}data: {"usage":{}}\n\ndata: [DONE]\n\n`)).toBe(3);
    expect(closingEvents(`"text":"cut","finish_reason":null}]}\n\n${end}data: [DONE]\n\n`)).toBe(2);
  });

  it("may be all that there is", () => {
    expect(closingEvents(`${end}data: [DONE]\n\n`)).toBe(2);
  });
});
