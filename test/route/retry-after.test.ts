import { describe, expect, it } from "vitest";
import { CorralError } from "../../src/errors.ts";
import { Admission } from "../../src/route/admission.ts";
import { type Lease, LiveUpstream } from "../../src/route/live-upstream.ts";
import { predictedTime } from "../../src/route/predicted-time.ts";
import { askOf } from "./boards.ts";
import { SimulatedClock, seededRandom } from "./simulated-clock.ts";

const endpoint = { kind: "unix", socketPath: "/run/x.sock", key: "k" } as const;
const MINUTE = 60_000;

interface Load {
  /** Milliseconds from one burst to the next, and requests in each. */
  readonly every: number;
  readonly burst: number;
  /** Milliseconds for the first token; null: whenever. */
  readonly timeout: number | null;
  readonly limit: number;
  /** Of those refused, the share that comes again when it is told to; the others never do. */
  readonly returning: number;
  /** So many times faster than otherwise. Default 1. */
  readonly speed?: number;
  readonly minutes: number;
}

interface Figures {
  returns: number;
  taken: number;
  refused: number;
  answered: number;
  /** Of those with a deadline that began to be answered: in time, and late. */
  inTime: number;
  late: number;
  mostWaiting: number;
  most: number;
}

/** Two upstreams of two slots, twelve minutes of bursts, answers of 20 to 180 tokens. */
function run(load: Load): Figures {
  const clock = new SimulatedClock();
  const random = seededRandom(42);
  const admission = new Admission({ policy: predictedTime, limit: load.limit, clock });
  const { speed = 1 } = load;
  const prior = { promptRate: 200 * speed, answerPace: 20 / speed, running: 1 };
  for (const id of ["a#0.0", "b#1.0"]) admission.add(new LiveUpstream({ id, endpoint, slots: 2, prior }));
  const figures: Figures = {
    returns: 0,
    taken: 0,
    refused: 0,
    answered: 0,
    inTime: 0,
    late: 0,
    mostWaiting: 0,
    most: 0,
  };
  let count = 0;

  function serve(lease: Lease, promptTokens: number, deadline: number | null): void {
    const promptMs = (promptTokens * 5) / speed;
    const completionTokens = 20 + Math.floor(160 * random());
    const completionMs = (completionTokens * 20) / speed;
    clock.after(promptMs, () => {
      lease.progress();
      if (deadline !== null) figures[clock.now() <= deadline ? "inTime" : "late"] += 1;
    });
    clock.after(promptMs + completionMs, () => {
      figures.answered += 1;
      lease.measured({ promptTokens, cachedTokens: 0, promptMs, completionTokens, completionMs });
      lease.release();
    });
  }

  function arrive(name: string, isReturn: boolean): void {
    const ask = askOf([name.padEnd(100, ".")]);
    const deadline = load.timeout === null ? null : clock.now() + load.timeout;
    const refuse = (error: unknown): void => {
      figures.refused += 1;
      if (random() > load.returning || !(error instanceof CorralError)) return;
      const seconds = Number(error.facts.retryAfter);
      figures.most = Math.max(figures.most, seconds);
      clock.after(seconds * 1_000 + 400 * random(), () => arrive(name, true));
    };
    if (isReturn) figures.returns += 1;
    try {
      admission.enter({ start: (lease) => serve(lease, 100, deadline), refuse }, { ...ask, deadline });
      if (isReturn) figures.taken += 1;
    } catch (error) {
      refuse(error);
    }
    figures.mostWaiting = Math.max(figures.mostWaiting, admission.size);
  }

  for (let at = 0; at < load.minutes * MINUTE; at += load.every)
    for (let one = 0; one < load.burst; one += 1)
      clock.after(at + 500 * random(), () => {
        count += 1;
        arrive(`request ${count}`, false);
      });
  clock.runTo(30 * MINUTE);
  expect(admission.size).toBe(0);
  return figures;
}

describe("who comes again when it was told to", () => {
  // Four slots and 2.5 s a request: 96 a minute.
  it("is taken, where bursts overrun the line", () => {
    const figures = run({ every: 30_000, burst: 40, timeout: null, limit: 8, returning: 1, minutes: 12 });
    expect(figures.returns).toBeGreaterThan(300);
    expect(figures.taken / figures.returns).toBeGreaterThanOrEqual(0.95);
    expect(figures.answered).toBe(24 * 40);
    expect(figures.mostWaiting).toBeLessThanOrEqual(2 * (8 + 2) + 4);
  });

  it("is taken, where a second is long and all that were told the same come at once", () => {
    const figures = run({ every: 4_000, burst: 60, timeout: null, limit: 4, returning: 1, speed: 10, minutes: 2 });
    expect(figures.returns).toBeGreaterThan(300);
    expect(figures.taken / figures.returns).toBeGreaterThanOrEqual(0.95);
    // Sixteen are answered in a second.
    expect(figures.mostWaiting).toBeLessThanOrEqual(2 * (4 + 16) + 4);
  });

  it("is taken, where requests come twice as fast as they can be answered and half of the refused come again", () => {
    const figures = run({ every: 5_000, burst: 16, timeout: null, limit: 8, returning: 0.5, minutes: 12 });
    expect(figures.returns).toBeGreaterThan(300);
    expect(figures.taken / figures.returns).toBeGreaterThanOrEqual(0.95);
    expect(figures.mostWaiting).toBeLessThanOrEqual(2 * (8 + 2) + 4);
  });

  it("is taken, where it has a deadline, and who is taken makes it", () => {
    const figures = run({ every: 30_000, burst: 40, timeout: 6_000, limit: 100, returning: 1, minutes: 12 });
    expect(figures.returns).toBeGreaterThan(300);
    expect(figures.taken / figures.returns).toBeGreaterThanOrEqual(0.95);
    expect(figures.inTime / (figures.inTime + figures.late)).toBeGreaterThanOrEqual(0.95);
  });

  it("keeps nobody from the slots that it does not come for", () => {
    const [all, none] = [1, 0].map((returning) =>
      run({ every: 5_000, burst: 16, timeout: null, limit: 8, returning, minutes: 12 }),
    );
    // What can be answered in twelve minutes is answered: 1,150 of 2,304.
    expect(none!.answered).toBeGreaterThan(1_050);
    expect(all!.answered).toBeGreaterThan(none!.answered);
  });
});
