import { expect, it } from "vitest";
import { ServiceTime } from "../../src/route/service-time.ts";

it("ServiceTime is a guess at first, starts with the first, and follows the newest", () => {
  const time = new ServiceTime();
  expect(time.mean).toBe(5_000);
  time.record(100);
  expect(time.mean).toBe(100);
  for (let i = 0; i < 30; i++) time.record(200);
  expect(time.mean).toBeGreaterThan(199);
});
