import { describe, expect, it } from "vitest";
import { RecentWork } from "../../src/route/recent-work.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function shareAt(work: RecentWork, row: number, now: number): number {
  return work.share(row, work.factor(now));
}

describe("RecentWork", () => {
  it("comes to the share of its time that an upstream works", () => {
    const work = new RecentWork();
    work.grow(2);
    let now = 1_000_000;
    for (let round = 0; round < 600; round += 1) {
      now += 2_000;
      work.add(0, 500, now);
    }
    expect(shareAt(work, 0, now)).toBeCloseTo(0.25, 2);
    expect(shareAt(work, 1, now)).toBe(0);
  });

  it("forgets: of what was two minutes ago a third counts", () => {
    const work = new RecentWork();
    work.grow(1);
    work.add(0, 0, 0);
    work.add(0, MINUTE, HOUR);
    expect(shareAt(work, 0, HOUR)).toBeCloseTo(0.5);
    expect(shareAt(work, 0, HOUR + 2 * MINUTE)).toBeCloseTo(0.5 / Math.E);
  });

  it("goes by the time that there was where that is less than it remembers", () => {
    const work = new RecentWork();
    work.grow(2);
    const shares: number[] = [];
    for (let now = 0; now <= MINUTE; now += 2_000) {
      work.add(0, 500, HOUR + now);
      shares.push(shareAt(work, 0, HOUR + now));
    }
    // A first prompt of half a second is no quarter of the time yet.
    expect(shares[0]).toBeLessThan(0.05);
    for (const share of shares.slice(10)) expect(share).toBeCloseTo(0.26, 1);
    expect(shareAt(work, 1, HOUR + MINUTE)).toBe(0);
  });

  it("is right after a month, too, and keeps what it knows when it grows", () => {
    const work = new RecentWork();
    work.grow(1);
    for (let hour = 0; hour <= 720; hour += 1) work.add(0, MINUTE, hour * HOUR);
    work.grow(8);
    expect(shareAt(work, 0, 720 * HOUR)).toBeCloseTo(0.5);
    expect(shareAt(work, 7, 720 * HOUR)).toBe(0);
  });

  it("leaves every upstream some time, and forgets one that has ended", () => {
    const work = new RecentWork();
    work.grow(1);
    work.add(0, 1_000 * MINUTE, MINUTE);
    expect(shareAt(work, 0, MINUTE)).toBe(0.95);
    work.clear(0);
    expect(shareAt(work, 0, MINUTE)).toBe(0);
  });
});
