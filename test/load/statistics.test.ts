import { describe, expect, it } from "vitest";
import { median, pairedDifferences, pairedRatio, percentile } from "../../src/load/statistics.ts";

describe("percentile", () => {
  it("interpolates between the closest ranks of an unsorted list", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(percentile([10, 0, 20, 30, 40], 99)).toBeCloseTo(39.6);
    expect(percentile([7], 99)).toBe(7);
  });

  it("sorts as numbers and leaves the list alone", () => {
    const values = [100, 9, 20];
    expect(median(values)).toBe(20);
    expect(values).toEqual([100, 9, 20]);
  });

  it("is NaN of nothing", () => {
    expect(median([])).toBeNaN();
  });
});

describe("pairs", () => {
  it("compare figures of the same moment, whatever the machine did between moments", () => {
    expect(pairedDifferences([11, 105], [10, 100])).toEqual([1, 5]);
    expect(pairedRatio([20, 200, 90], [10, 100, 30])).toEqual({ median: 2, least: 2, most: 3 });
  });

  it("refuse lists of different lengths", () => {
    expect(() => pairedRatio([1], [1, 2])).toThrow(RangeError);
  });
});
