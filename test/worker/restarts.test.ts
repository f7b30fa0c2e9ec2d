import { describe, expect, test } from "vitest";
import type { LossCause } from "../../src/loss.ts";
import { Backoff } from "../../src/worker/backoff.ts";
import { afterCrash, isOnRequests, NO_BLAME } from "../../src/worker/blame.ts";
import {
  afterFailure,
  afterSuccess,
  BREAKER_LIMITS,
  type Breaker,
  beforeStart,
  CLOSED,
  waitFor,
} from "../../src/worker/breaker.ts";
import { causeOf, toFailure } from "../../src/worker/failure.ts";
import { retryAfter } from "../../src/worker/retry.ts";
import type { Failure } from "../../src/worker/state.ts";

describe("backoff", () => {
  test("doubles to its limit, and starts over", () => {
    const delays: number[] = [];
    let backoff = new Backoff({ random: () => 0 });
    for (let tries = 0; tries < 9; tries += 1, backoff = backoff.next()) delays.push(backoff.delay);
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(backoff.reset().delay).toBe(250);
  });

  test("jitter takes up to its share", () => {
    expect(new Backoff({ random: () => 1, jitter: 0.25 }).delay).toBe(187.5);
  });

  test("is immutable", () => {
    const backoff = new Backoff({ random: () => 0 });
    backoff.next().next();
    expect(backoff.next().delay).toBe(500);
  });
});

describe("breaker", () => {
  const fail = (times: readonly number[], from: Breaker = CLOSED): Breaker =>
    times.reduce((breaker, now) => afterFailure(breaker, now, BREAKER_LIMITS), from);

  test("opens at the fifth failure within a minute", () => {
    expect(fail([0, 1_000, 2_000, 3_000]).name).toBe("closed");
    expect(fail([0, 1_000, 2_000, 3_000, 59_999])).toEqual({ name: "open", until: 74_999, openings: 1 });
    expect(fail([0, 1_000, 2_000, 3_000, 60_000]).name).toBe("closed");
  });

  test("a ready worker does not make it forget, since it may die as soon as it is asked", () => {
    const nearly = fail([0, 1, 2, 3]);
    expect(fail([4], afterSuccess(nearly)).name).toBe("open");
  });

  test("lets one start through when it has rested; that one decides", () => {
    const open = fail([0, 0, 0, 0, 0]);
    expect(waitFor(open, 5_000)).toBe(10_000);
    expect(waitFor(open, 15_001)).toBe(0);
    const trying = beforeStart(open);
    expect(afterSuccess(trying)).toEqual(CLOSED);
    expect(fail([20_000], trying)).toEqual({ name: "open", until: 50_000, openings: 2 });
  });

  test("rests twice as long each time, up to five minutes", () => {
    let breaker = fail([0, 0, 0, 0, 0]);
    const rests: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      rests.push(waitFor(breaker, 0));
      breaker = fail([0], beforeStart(breaker));
    }
    expect(rests).toEqual([15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
  });

  test("failures of others while it is open change nothing", () => {
    const open = fail([0, 0, 0, 0, 0]);
    expect(fail([1, 2, 3], open)).toBe(open);
    expect(beforeStart(CLOSED)).toBe(CLOSED);
  });
});

describe("retry", () => {
  const failure = (facts: Partial<Failure>): Failure =>
    toFailure({
      reason: "exited",
      exitCode: 1,
      signal: null,
      outOfMemory: false,
      tail: [],
      wasReady: false,
      requests: 0,
      pid: 1,
      ...facts,
    });
  const facts = { mayBeRepacking: true, isOnRequests: false, takenAddresses: 0 };

  test("a taken address costs nothing, ten times", () => {
    const taken = failure({ reason: "port-taken" });
    expect(retryAfter(taken, facts)).toEqual({ kind: "at-once" });
    expect(retryAfter(taken, { ...facts, takenAddresses: 10 })).toEqual({ kind: "later", counts: true });
  });

  test("repacking is suspected of a signal while loading only", () => {
    const crashed = failure({ reason: "crashed", signal: "SIGSEGV", exitCode: null });
    expect(retryAfter(crashed, facts)).toEqual({ kind: "without-repacking" });
    expect(retryAfter(crashed, { ...facts, mayBeRepacking: false })).toEqual({ kind: "later", counts: true });
    expect(retryAfter({ ...crashed, wasReady: true }, facts)).toEqual({ kind: "later", counts: true });
    expect(retryAfter({ ...crashed, reason: "out-of-memory" }, facts)).toEqual({ kind: "later", counts: true });
    expect(retryAfter(failure({}), facts)).toEqual({ kind: "later", counts: true });
  });

  test("being killed while serving says nothing against the model", () => {
    const killed = failure({ reason: "killed", signal: "SIGKILL", exitCode: null });
    expect(retryAfter({ ...killed, wasReady: true }, facts)).toEqual({ kind: "later", counts: false });
    expect(retryAfter(killed, facts)).toEqual({ kind: "later", counts: true });
  });

  test("neither does a request that kills it", () => {
    const crashed = failure({ reason: "crashed", signal: "SIGSEGV", exitCode: null, wasReady: true, requests: 1 });
    expect(retryAfter(crashed, { ...facts, isOnRequests: true })).toEqual({ kind: "later", counts: false });
    expect(retryAfter(crashed, facts)).toEqual({ kind: "later", counts: true });
  });
});

describe("blame", () => {
  const crashes = (...served: number[]): boolean[] => {
    let blame = NO_BLAME;
    return served.map((answered) => {
      blame = afterCrash(blame, answered);
      return isOnRequests(blame);
    });
  };

  test("is on the requests for the two crashes that a culprit costs, and as long as others are answered", () => {
    expect(crashes(7, 7, 8, 8, 9)).toEqual([true, true, true, true, true]);
  });

  test("is on the model where nothing is answered between many crashes", () => {
    expect(crashes(0, 0, 0, 0)).toEqual([true, true, false, false]);
    expect(crashes(7, 7, 7, 8)).toEqual([true, true, false, true]);
  });
});

describe("the cause of a loss", () => {
  const none = { exitCode: null, signal: null };

  test.each<[LossCause, Parameters<typeof causeOf>[0]]>([
    ["crashed", { ...none, reason: "crashed", signal: "SIGSEGV" }],
    ["crashed", { ...none, reason: "crashed", signal: "SIGABRT" }],
    ["crashed", { ...none, reason: "illegal-instruction", signal: "SIGILL" }],
    ["crashed", { ...none, reason: "out-of-memory", signal: "SIGKILL" }],
    ["crashed", { ...none, reason: "exited", exitCode: 1 }],
    ["killed", { ...none, reason: "killed", signal: "SIGKILL" }],
    ["killed", { ...none, reason: "crashed", signal: "SIGTERM" }],
    ["killed", { ...none, reason: "exited", exitCode: 0 }],
    ["stopped", { ...none, reason: "stopped", signal: "SIGKILL" }],
    ["hung", { ...none, reason: "wedged" }],
  ])("is %s: %j", (cause, end) => {
    expect(causeOf(end)).toBe(cause);
  });
});
