import { describe, expect, test } from "vitest";
import { afterChange, decide, type Observation, type ScaleState, scaleStateOf } from "../../src/scale/decide.ts";
import type { ScaleLimits } from "../../src/scale/limits.ts";

const limits: ScaleLimits = {
  least: 1,
  most: 3,
  slots: 4,
  upDelay: 1_000,
  upCooldown: 10_000,
  downDelay: 60_000,
  idleTimeout: 0,
};
const calm: Observation = { now: 0, requests: 0, waited: null, serves: true, isChanging: false };

/** Target, reason and the next look. */
function decided(seen: Partial<Observation>, state: Partial<ScaleState> = {}, other: Partial<ScaleLimits> = {}) {
  const {
    state: after,
    why,
    again,
  } = decide({ ...calm, ...seen }, { ...scaleStateOf(1), ...state }, { ...limits, ...other });
  return [after.target, why, again];
}

describe("a pool whose requests wait", () => {
  test("gets one more worker when the first has waited long enough, and not before", () => {
    expect(decided({ requests: 5, waited: 400 })).toEqual([1, null, 600]);
    expect(decided({ requests: 5, waited: 1_000 })).toEqual([2, "queue", null]);
    expect(decided({ requests: 50, waited: 30_000 })).toEqual([2, "queue", null]);
  });

  test("looks again after the delay when a request has only just come, and never where all have slots", () => {
    expect(decided({ requests: 5, waited: null })).toEqual([1, null, 1_000]);
    expect(decided({ requests: 4, waited: null })).toEqual([1, null, null]);
  });

  test("cools down after each change", () => {
    const state = afterChange(scaleStateOf(2), 5_000);
    expect(decided({ now: 7_000, requests: 20, waited: 2_000 }, state)).toEqual([2, null, 8_000]);
    expect(decided({ now: 15_000, requests: 20, waited: 2_000 }, state)).toEqual([3, "queue", null]);
  });

  test("never gets more than the plan has", () => {
    expect(decided({ requests: 99, waited: 99_000 }, { target: 3 })).toEqual([3, null, null]);
    expect(decided({ requests: 99, waited: 99_000 }, { target: 1 }, { most: 1 })).toEqual([1, null, null]);
  });

  test("is left alone while workers start or end, and while none serves that should", () => {
    expect(decided({ requests: 9, waited: 5_000, isChanging: true })).toEqual([1, null, null]);
    expect(decided({ requests: 9, waited: 5_000, serves: false })).toEqual([1, null, null]);
  });
});

describe("a pool with workers to spare", () => {
  test("ends one when one fewer would have done at every moment of the delay", () => {
    const two = { target: 2 };
    const first = decide({ ...calm, now: 100, requests: 4 }, { ...scaleStateOf(2) }, limits);
    expect(first).toMatchObject({ state: { spareSince: 100, target: 2 }, again: 60_000 });
    expect(decided({ now: 50_100, requests: 4 }, first.state)).toEqual([2, null, 10_000]);
    expect(decided({ now: 60_100, requests: 1 }, first.state)).toEqual([1, "spare", null]);
    const burst = decide({ ...calm, now: 60_000, requests: 5 }, first.state, limits);
    expect(burst.state).toMatchObject({ ...two, spareSince: null });
    expect(decided({ now: 60_200, requests: 0 }, burst.state)).toEqual([2, null, 60_000]);
  });

  test("ends one after the other, each after its own delay", () => {
    const { state } = decide({ ...calm, now: 60_000 }, { ...scaleStateOf(3), spareSince: 0 }, limits);
    expect(state).toMatchObject({ target: 2, spareSince: null });
    expect(decided({ now: 60_500 }, state)).toEqual([2, null, 60_000]);
  });

  test("keeps the least", () => {
    expect(decided({ now: 1e9 }, { target: 2, spareSince: 0 }, { least: 2 })).toEqual([2, null, null]);
  });
});

describe("a pool without requests", () => {
  const idle = { idleTimeout: 5_000, least: 2 };

  test("ends all workers after idleTimeout, and with 0 never", () => {
    expect(decided({ now: 4_000 }, { target: 2, idleSince: 1_000 }, idle)).toEqual([2, null, 2_000]);
    expect(decided({ now: 6_000 }, { target: 2, idleSince: 1_000 }, idle)).toEqual([0, "idle", null]);
    expect(decided({ now: 1e12 }, { target: 2, idleSince: 0 }, { least: 2 })).toEqual([2, null, null]);
  });

  test("counts from the end of the last request", () => {
    const busy = decide(
      { ...calm, now: 9_000, requests: 1 },
      { ...scaleStateOf(2), idleSince: 0 },
      { ...limits, ...idle },
    );
    expect(busy.state.idleSince).toBeNull();
    expect(decided({ now: 9_500 }, busy.state, idle)).toEqual([2, null, 5_000]);
  });

  test("stays asleep, and is woken by a request at once, also while it falls asleep", () => {
    expect(decided({ now: 1e9, serves: false }, { target: 0 }, idle)).toEqual([0, null, null]);
    expect(decided({ requests: 1, waited: 0, serves: false }, { target: 0 }, idle)).toEqual([2, "wake", null]);
    expect(decided({ requests: 8, waited: 0, isChanging: true }, { target: 0 }, idle)).toEqual([2, "wake", null]);
  });

  test("of which none serves, though some should, does not fall asleep", () => {
    expect(decided({ now: 1e9, serves: false }, { target: 2, idleSince: 0 }, idle)).toEqual([2, null, null]);
  });
});
