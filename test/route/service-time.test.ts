import { describe, expect, it } from "vitest";
import { retryAfter, ServiceTime } from "../../src/route/service-time.ts";

describe("retryAfter", () => {
  it("is the time until a slot has freed for all that wait, in whole seconds", () => {
    expect(retryAfter({ waiting: 7, slots: 4, mean: 3_000 })).toBe(6);
    expect(retryAfter({ waiting: 8, slots: 4, mean: 3_000 })).toBe(7);
  });

  it("is between 1 and 120", () => {
    expect(retryAfter({ waiting: 0, slots: 8, mean: 2 })).toBe(1);
    expect(retryAfter({ waiting: 500, slots: 1, mean: 60_000 })).toBe(120);
  });

  it("is a guess where nothing was served or nothing serves", () => {
    expect(retryAfter({ waiting: 3, slots: 4, mean: null })).toBe(5);
    expect(retryAfter({ waiting: 3, slots: 0, mean: 10 })).toBe(5);
  });
});

describe("ServiceTime", () => {
  it("starts with the first and follows the newest", () => {
    const time = new ServiceTime();
    expect(time.mean).toBeNull();
    time.record(100);
    expect(time.mean).toBe(100);
    for (let i = 0; i < 30; i++) time.record(200);
    expect(time.mean).toBeGreaterThan(199);
  });
});
