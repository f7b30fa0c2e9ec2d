import { expect, test } from "vitest";
import { judge, type Observation, progressLimits } from "../../src/worker/progress.ts";

const limits = progressLimits({ stallTimeout: 30_000 });
const well: Observation = { inFlight: 1, sinceProgress: 0, sinceTurn: 0, sinceCpuUsed: 0, failedProbes: 0 };
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
