import { describe, expect, it } from "vitest";
import { type Applicant, decide, type Occupancy, type Resident } from "../../src/residency/decide.ts";

const DWELL = 1_000;

function resident(key: string, changes: Partial<Resident<string>> = {}): Resident<string> {
  const usual = { bytes: 40, group: null, requests: 0, lastUsed: 0, since: 0, isLeaving: false };
  return { key, model: key, ...usual, ...changes };
}

function applicant(key: string, changes: Partial<Applicant<string>> = {}): Applicant<string> {
  return { key, model: key, bytes: 40, group: null, since: 5_000, ...changes };
}

function seen(
  residents: Resident<string>[],
  applicants: Applicant<string>[],
  changes: Partial<Occupancy<string>> = {},
): Occupancy<string> {
  return { now: 5_000, budget: 100, dwellTime: DWELL, switchedAt: null, residents, applicants, ...changes };
}

describe("who may load", () => {
  it("admits who fits, and waits for nobody when nobody asks", () => {
    expect(decide(seen([resident("a")], [applicant("b")]))).toEqual({ kind: "admit", key: "b" });
    expect(decide(seen([resident("a")], []))).toEqual({ kind: "wait", again: null });
  });

  it("admits a later one that fits where the first does not, but not while somebody leaves for the first", () => {
    const big = applicant("big", { bytes: 90 });
    const busy = resident("a", { requests: 1 });
    expect(decide(seen([busy], [big, applicant("small")]))).toEqual({ kind: "admit", key: "small" });
    const leaving = resident("a", { isLeaving: true });
    expect(decide(seen([leaving], [big, applicant("small")]))).toEqual({ kind: "wait", again: null });
  });
});

describe("who must unload", () => {
  it("is the least recently used that is idle, and no more of them than needed", () => {
    const residents = [resident("new", { lastUsed: 9 }), resident("old", { lastUsed: 3 })];
    expect(decide(seen(residents, [applicant("c")]))).toEqual({ kind: "unload", keys: ["old"] });
    expect(decide(seen(residents, [applicant("c", { bytes: 70 })]))).toEqual({ kind: "unload", keys: ["old", "new"] });
  });

  it("is never one with requests, until the first applicant has waited for the dwell time", () => {
    const residents = [
      resident("busy", { requests: 2, lastUsed: 1 }),
      resident("busier", { requests: 1, lastUsed: 2 }),
    ];
    const since = 4_400;
    const waiting = [applicant("c", { since })];
    expect(decide(seen(residents, waiting))).toEqual({ kind: "wait", again: since + DWELL - 5_000 });
    expect(decide(seen(residents, waiting, { now: since + DWELL }))).toEqual({ kind: "unload", keys: ["busy"] });
  });

  it("is an idle one before one with requests, however lately it was used", () => {
    const residents = [resident("busy", { requests: 1, lastUsed: 1 }), resident("idle", { lastUsed: 4_999 })];
    const impatient = [applicant("c", { since: 0 })];
    expect(decide(seen(residents, impatient))).toEqual({ kind: "unload", keys: ["idle"] });
  });

  it("is nobody that has not stayed for the dwell time, and nobody within it after the last switch", () => {
    const fresh = [resident("a", { since: 4_600 }), resident("b", { since: 4_500 })];
    expect(decide(seen(fresh, [applicant("c")]))).toEqual({ kind: "wait", again: 500 });
    const long = [resident("a"), resident("b")];
    expect(decide(seen(long, [applicant("c")], { switchedAt: 4_300 }))).toEqual({ kind: "wait", again: 300 });
    expect(decide(seen(long, [applicant("c")], { switchedAt: 4_000 }))).toEqual({ kind: "unload", keys: ["a"] });
  });

  it("is all others of the same group, whatever memory there is", () => {
    const residents = [resident("other", { lastUsed: 1 }), resident("rival", { group: "g", lastUsed: 2 })];
    const ofGroup = [applicant("c", { bytes: 1, group: "g" })];
    expect(decide(seen(residents, ofGroup))).toEqual({ kind: "unload", keys: ["rival"] });
    const busy = [resident("other"), resident("rival", { group: "g", requests: 1 })];
    expect(decide(seen(busy, ofGroup))).toMatchObject({ kind: "wait" });
  });

  it("is not the pool that a model's new one replaces", () => {
    const old = resident("old", { model: "m", group: "g", isLeaving: true, bytes: 50 });
    expect(decide(seen([old], [applicant("new", { model: "m", group: "g", bytes: 50 })]))).toEqual({
      kind: "admit",
      key: "new",
    });
  });
});
