import { describe, expect, it } from "vitest";
import { parseCpuTicks, stealBetween, stealWarning } from "../../src/tune/host-noise.ts";

describe("the noise of a host", () => {
  it("is read from /proc/stat, and nothing where there is none", () => {
    // Guest time, the last but one, is in the user time already.
    const ticks = parseCpuTicks("cpu  100 10 50 800 20 5 5 10 7 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n");
    expect(ticks).toEqual({ all: 1000, busy: 170, steal: 10 });
    expect(parseCpuTicks("")).toEqual({ all: 0, busy: 0, steal: 0 });
  });

  it("is the share that was stolen in between, and is told from 2% on", () => {
    const before = { all: 1000, busy: 500, steal: 10 };
    expect(stealBetween(before, { all: 2000, busy: 900, steal: 60 })).toBeCloseTo(0.05);
    expect(stealBetween(before, before)).toBe(0);
    expect(stealWarning(0.05)).toContain("5.0%");
    expect(stealWarning(0.01)).toBeNull();
  });
});
