import { describe, expect, it } from "vitest";
import { figuresOf } from "../../bench/route/figures.ts";
import type { Request } from "../../bench/route/request.ts";
import { type Router, type Start, simulate } from "../../bench/route/simulate.ts";
import { textOf } from "../../bench/route/text.ts";
import { Timeline } from "../../bench/route/timeline.ts";
import type { WorkerShape } from "../../bench/route/worker.ts";
import type { Clock } from "../../src/route/clock.ts";

/** A second a step, whatever is in it. */
const SHAPE: WorkerShape = {
  slots: 1,
  batch: 100,
  cacheTokens: 0,
  speed: { step: () => 1, prefill: 100, decode: () => 1 },
};

let pieces = 0;

function request(answer: number, next?: Request["next"]): Request {
  const made = { prompt: textOf([{ id: ++pieces, tokens: 10 }]), answer: { id: ++pieces, tokens: answer } };
  return next === undefined ? made : { ...made, next };
}

/** One worker with one slot, in the order of arrival. */
function inOrder(): Router {
  const waiting: Request[] = [];
  let isFree = true;
  return {
    arrived: (one) => {
      waiting.push(one);
    },
    firstToken: () => {},
    ended: () => {
      isFree = true;
    },
    starts(): Start[] {
      const first = isFree ? waiting.shift() : undefined;
      if (first === undefined) return [];
      isFree = false;
      return [{ request: first, worker: 0 }];
    },
  };
}

describe("the timeline", () => {
  it("gives events by time, and of one moment in the order in which they came", () => {
    const timeline = new Timeline<string>();
    const events = [5, 1, 4, 1, 3, 9, 2, 6, 5, 3, 5].map((at, index) => ({ at, event: `${at}.${index}` }));
    for (const { at, event } of events) timeline.add(at, event);
    const taken: string[] = [];
    for (let next = timeline.next(); next !== null; next = timeline.next()) taken.push(next.event);
    expect(taken).toEqual(["1.1", "1.3", "2.6", "3.4", "3.9", "4.2", "5.0", "5.8", "5.10", "6.7", "9.5"]);
  });
});

describe("a simulation", () => {
  it("lets requests wait for each other, and the next turn of a chat for its answer and the pause", () => {
    const second = request(1);
    const first = request(3, { request: second, pause: 10 });
    const other = request(2);
    const outcomes = simulate(
      [
        { at: 0, request: first },
        { at: 1, request: other },
      ],
      { workers: 1, shape: SHAPE, createRouter: inOrder },
    );
    expect(outcomes).toEqual([
      { request: first, arrivedAt: 0, firstTokenAt: 1, endedAt: 3, cachedTokens: 0 },
      { request: other, arrivedAt: 1, firstTokenAt: 4, endedAt: 5, cachedTokens: 0 },
      { request: second, arrivedAt: 13, firstTokenAt: 14, endedAt: 14, cachedTokens: 0 },
    ]);
    expect(figuresOf(outcomes)).toMatchObject({ p50: 1, saved: 0, throughput: 6 / 14 });
  });

  it("does not end quietly when a request is never started", () => {
    const createRouter = (): Router => ({ arrived() {}, firstToken() {}, ended() {}, starts: () => [] });
    const arrivals = [{ at: 0, request: request(1) }];
    expect(() => simulate(arrivals, { workers: 1, shape: SHAPE, createRouter })).toThrow(
      "1 requests were never answered",
    );
  });

  it("gives who decides its own clock, in milliseconds, and calls it back when it asked for that", () => {
    const calls: number[] = [];
    const createRouter = (clock: Clock): Router => ({
      ...inOrder(),
      arrived: () => {
        clock.after(2_500, () => calls.push(clock.now()));
        clock.after(100, () => calls.push(Number.NaN))();
      },
      starts: () => [],
    });
    const arrivals = [{ at: 1, request: request(1) }];
    expect(() => simulate(arrivals, { workers: 1, shape: SHAPE, createRouter })).toThrow("never answered");
    expect(calls).toEqual([3_500]);
  });
});
