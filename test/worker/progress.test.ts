import { expect, test } from "vitest";
import { judge, type Observation, progressLimits } from "../../src/worker/progress.ts";

const limits = progressLimits({ stallTimeout: 30_000 }, 0);
const well: Observation = {
  inFlight: 1,
  sinceProgress: 0,
  sinceTurn: 0,
  sinceCpuUsed: 0,
  wants: false,
  failedProbes: 0,
};
const see = (seen: Partial<Observation>): string => judge({ ...well, ...seen }, limits);

test("bytes or turns are progress", () => {
  expect(see({})).toBe("ok");
  expect(see({ sinceProgress: 1e9, sinceCpuUsed: 1e9 })).toBe("ok");
  expect(see({ sinceTurn: 1e9, sinceCpuUsed: 1e9 })).toBe("ok");
});

test("busy, silent and without CPU time is wedged", () => {
  expect(see({ sinceProgress: 29_999, sinceTurn: 29_999, sinceCpuUsed: 30_000 })).toBe("ok");
  expect(see({ sinceProgress: 30_000, sinceTurn: 30_000, sinceCpuUsed: 30_000 })).toBe("wedged");
});

test("a long prompt burns CPU: suspect, and wedged only after ten times as long", () => {
  expect(see({ sinceProgress: 30_000, sinceTurn: 30_000 })).toBe("suspect");
  expect(see({ sinceProgress: 299_999, sinceTurn: 299_999 })).toBe("suspect");
  expect(see({ sinceProgress: 300_000, sinceTurn: 300_000 })).toBe("wedged");
});

test("an idle worker owes turns of its loop only", () => {
  expect(see({ inFlight: 0, sinceProgress: 1e9, sinceCpuUsed: 1e9 })).toBe("ok");
  expect(see({ inFlight: 0, sinceTurn: 30_000, sinceCpuUsed: 30_000 })).toBe("wedged");
});

test("what is not known is not held against it", () => {
  expect(see({ inFlight: 0, sinceTurn: null, sinceProgress: 1e9, sinceCpuUsed: 1e9 })).toBe("ok");
  expect(see({ sinceTurn: null, sinceProgress: 30_000, sinceCpuUsed: null })).toBe("suspect");
  expect(see({ sinceTurn: null, sinceProgress: 30_000, sinceCpuUsed: 30_000 })).toBe("wedged");
  expect(see({ sinceTurn: null, sinceProgress: 300_000, sinceCpuUsed: null })).toBe("wedged");
});

test("three silent probes are enough", () => {
  expect([0, 1, 2, 3].map((failedProbes) => see({ failedProbes }))).toEqual(["ok", "suspect", "suspect", "wedged"]);
});

test("a thread that waits for a CPU or a disk is no sign of being stuck", () => {
  const asleep = { sinceProgress: 30_000, sinceTurn: 30_000, sinceCpuUsed: 30_000 };
  expect([see(asleep), see({ ...asleep, wants: true })]).toEqual(["wedged", "suspect"]);
  expect(see({ ...asleep, sinceProgress: 300_000, sinceTurn: 300_000, wants: true })).toBe("wedged");
});

test("a worker whose rhythm is known is not waited for as long", () => {
  const stall = (rhythm: number): number => progressLimits({ stallTimeout: 30_000 }, rhythm).stall;
  expect([0, 1, 150, 400, 1_000, 60_000].map(stall)).toEqual([30_000, 3_000, 3_000, 8_000, 20_000, 30_000]);
  expect(progressLimits({ stallTimeout: 500 }, 10)).toEqual({ failedProbes: 3, stall: 500, spin: 5_000 });
});
