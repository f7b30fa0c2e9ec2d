import { expect, test } from "vitest";
import { Journal, type LogLine } from "../../src/worker/journal.ts";

const texts = (lines: readonly LogLine[]): string[] => lines.map(({ worker, text }) => `${worker}: ${text}`);
const bytes = (text: string): Buffer => Buffer.from(text);

test("keeps what earlier starts of a replica wrote, and of those only some", () => {
  const journal = new Journal();
  for (let start = 0; start < 6; start += 1) journal.open(`m#0.${start}`, 0).push(bytes(`start ${start}\n`));
  journal.open("m#1.0", 1).push(bytes("another\n"));
  expect(texts(journal.tail({ worker: 0 }))).toEqual([2, 3, 4, 5].map((start) => `m#0.${start}: start ${start}`));
  expect(texts(journal.tail({ worker: 1 }))).toEqual(["m#1.0: another"]);
  expect(journal.tail({ worker: 2 })).toEqual([]);
  expect(texts(journal.tail({ lines: 2 }))).toEqual(["m#0.5: start 5", "m#1.0: another"]);
  expect(journal.tail({ lines: 0 })).toEqual([]);
  expect(journal.tail().length).toBe(5);
});

test("an unfinished line comes last, and is told when it is complete", async () => {
  const journal = new Journal();
  const ring = journal.open("m#0.0", 0);
  ring.push(bytes("whole\nhal"));
  journal.open("m#1.0", 1).push(bytes("later\n"));
  expect(texts(journal.tail())).toEqual(["m#0.0: whole", "m#1.0: later", "m#0.0: hal"]);
  const over = new AbortController();
  const reader = journal.follow({ worker: 0 }, over.signal);
  expect((await reader.next()).value).toMatchObject({ worker: "m#0.0", replica: 0, text: "whole" });
  const next = reader.next();
  ring.push(bytes("f\n"));
  expect((await next).value).toMatchObject({ text: "half" });
  over.abort();
  expect((await reader.next()).done).toBe(true);
});

test("who follows hears of starts that come after, of the replica that was asked for", async () => {
  const journal = new Journal();
  journal.open("m#0.0", 0).push(bytes("old 1\nold 2\n"));
  const reader = journal.follow({ worker: 0, lines: 1 }, new AbortController().signal);
  expect((await reader.next()).value).toMatchObject({ text: "old 2" });
  const next = reader.next();
  journal.open("m#1.0", 1).push(bytes("not asked for\n"));
  journal.open("m#0.1", 0).push(bytes("new\n"));
  expect((await next).value).toMatchObject({ worker: "m#0.1", text: "new" });
  await reader.return(undefined);
});

test("rings tell of lines only while somebody follows", async () => {
  const journal = new Journal();
  const ring = journal.open("m#0.0", 0);
  expect(ring.onLine).toBeNull();
  const [one, two] = [new AbortController(), new AbortController()];
  const readers = [one, two].map(({ signal }) => journal.follow({}, signal));
  const ends = readers.map((reader) => reader.next());
  expect(ring.onLine).not.toBeNull();
  one.abort();
  await ends[0];
  expect(ring.onLine).not.toBeNull();
  two.abort();
  await ends[1];
  expect(ring.onLine).toBeNull();
});

test("a reader that is too slow misses the oldest lines and holds no more than a thousand", async () => {
  const journal = new Journal();
  const ring = journal.open("m#0.0", 0);
  const over = new AbortController();
  const reader = journal.follow({}, over.signal);
  const first = reader.next();
  for (let n = 0; n < 1_500; n += 1) ring.push(bytes(`${n}\n`));
  const heard = [(await first).value?.text];
  for (let n = 0; n < 999; n += 1) heard.push((await reader.next()).value?.text);
  expect([heard[0], heard.at(-1)]).toEqual(["500", "1499"]);
  over.abort();
});
