import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { patience } from "../../src/worker/patience.ts";

test("ends after its time, or earlier with the outer signal", async () => {
  const limit = patience(30);
  await new Promise((resolve) => limit.signal.addEventListener("abort", resolve));
  const outer = new AbortController();
  const early = patience(60_000, outer.signal);
  outer.abort(new Error("early"));
  expect(early.signal.reason).toEqual(new Error("early"));
  expect(patience(60_000, outer.signal).signal.aborted).toBe(true);
});

test("a blocked event loop is not the other's silence", async () => {
  const limit = patience(200);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(limit.signal.aborted).toBe(false);
  limit.end();
});

test("leaves nothing in a signal that outlives it", () => {
  const outer = new AbortController();
  for (let round = 0; round < 100; round += 1) patience(60_000, outer.signal).end();
  expect(getEventListeners(outer.signal, "abort")).toEqual([]);
});
