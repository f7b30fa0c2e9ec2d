import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isJournal, journalLine } from "../../src/service/journal.ts";
import { statusText } from "../../src/service/status-text.ts";
import { stubPool } from "../fixtures/stub-pool.ts";

const line = (facts: object) => journalLine(JSON.stringify({ level: 30, time: 0, msg: "hello", ...facts }));

test.each([
  [{}, "<6>hello\n"],
  [{ level: 60 }, "<2>hello\n"],
  [{ level: 50, reason: "killed" }, "<3>hello reason=killed\n"],
  [{ level: 40, worker: "m#0.0", ms: 1.5 }, "<4>hello worker=m#0.0 ms=1.5\n"],
  [{ level: 20, model: null, aborted: false, list: [1] }, "<7>hello aborted=false list=[1]\n"],
  [{ level: 50, err: { stack: "Error: x\n    at y" } }, "<3>hello\n<3>Error: x\n<3>    at y\n"],
  // Nothing that a client sends begins an entry or a pair of its own.
  [{ path: "/a b\n<0>forged x=1" }, '<6>hello path="/a b\\n<0>forged x=1"\n'],
  [{ msg: "two\nlines" }, "<6>two lines\n"],
])("%j", (facts, expected) => {
  expect(line(facts)).toBe(expected);
});

test("is used where the stream is the one that systemd named, and nowhere else", () => {
  const dir = mkdtempSync(join(tmpdir(), "corral-journal-"));
  const descriptor = openSync(join(dir, "log"), "w");
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  expect(isJournal(descriptor, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe(true);
  expect(isJournal(descriptor, { JOURNAL_STREAM: `${dev}:${ino + 1n}` })).toBe(false);
  expect(isJournal(descriptor, {})).toBe(false);
  closeSync(descriptor);
  expect(isJournal(descriptor, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe(false);
  rmSync(dir, { recursive: true });
});

test.each([
  [["ready"], "1 of 1 model ready, 0 requests"],
  [["ready", "idle", "starting"], "2 of 3 models ready, 0 requests"],
  [["ready", "failed"], "1 of 2 models ready, failed: m1, 0 requests"],
] as const)("%j: %s", (states, text) => {
  expect(statusText(states.map((state, index) => stubPool({ name: `m${index}`, state }).stats()))).toBe(text);
});
