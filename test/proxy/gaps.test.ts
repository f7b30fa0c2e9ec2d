import { expect, it } from "vitest";
import { GapCounter } from "../../src/proxy/gaps.ts";

it("counts each pause in the first bucket that holds it, its bound included", () => {
  const gaps = new GapCounter();
  for (const pause of [0, 10, 10.5, 100, 700_000]) gaps.add(pause);
  expect(gaps).toMatchObject({ count: 5, sum: 700_120.5, longest: 700_000 });
  const byBound = Object.fromEntries(gaps.counts.map((count, at) => [gaps.bounds[at] ?? "more", count]));
  expect(byBound).toMatchObject({ 10: 2, 15: 1, 25: 0, 100: 1, 600000: 0, more: 1 });
});
