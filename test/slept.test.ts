import { expect, test } from "vitest";
import { untilBeat } from "../src/slept.ts";

test("all sleep until the same beat, whenever they begin", () => {
  expect(untilBeat(3_000, 1_000)).toBe(1_000);
  expect(untilBeat(3_200.4, 1_000)).toBe(800);
  expect(untilBeat(3_499.9, 1_000)).toBe(501);
});

test("who was woken a moment too early does not take the same beat twice", () => {
  expect(untilBeat(3_999.2, 1_000)).toBe(1_001);
});
