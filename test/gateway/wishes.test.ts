import { describe, expect, it, test } from "vitest";
import { wishesOf } from "../../src/gateway/wishes.ts";

describe("wishesOf", () => {
  test.each([
    ["30", 30_000],
    ["2.5", 2_500],
    ["1500ms", 1_500],
    ["45 s", 45_000],
    ["2m", 120_000],
  ])("takes x-request-timeout: %s", (text, milliseconds) => {
    expect(wishesOf({ "x-request-timeout": text }, {}).timeout).toBe(milliseconds);
  });

  it("takes the body's timeout in seconds, and the header before it", () => {
    expect(wishesOf({}, { timeout: 0.25 }).timeout).toBe(250);
    expect(wishesOf({}, { timeout: "500ms" }).timeout).toBe(500);
    expect(wishesOf({ "x-request-timeout": "9" }, { timeout: 1 }).timeout).toBe(9_000);
    expect(wishesOf({}, { timeout: null })).toEqual({ timeout: undefined, priority: undefined });
  });

  test.each(["0", "-1", "soon", "1e3", "25h", "", "NaN"])("refuses the timeout %s", (text) => {
    expect(() => wishesOf({ "x-request-timeout": text }, {})).toThrow(/"x-request-timeout" must be a time/);
  });

  it("refuses a body's timeout that is none, and names it", () => {
    for (const timeout of [0, -5, true, {}, [1], "x"]) {
      expect(() => wishesOf({}, { timeout })).toThrow(
        expect.objectContaining({ facts: { status: 400, param: "timeout" } }),
      );
    }
  });

  it("takes priorities of both signs, and no others than whole ones up to a hundred", () => {
    expect(wishesOf({ "x-corral-priority": "-3" }, {}).priority).toBe(-3);
    for (const text of ["1.5", "high", "101", ""]) {
      expect(() => wishesOf({ "x-corral-priority": text }, {})).toThrow(/whole number/);
    }
  });
});
