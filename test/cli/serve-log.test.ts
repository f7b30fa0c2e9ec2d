import { expect, test } from "vitest";
import { readableLine } from "../../src/cli/log.ts";
import { coloursFor } from "../../src/cli/terminal/colour.ts";

const plain = coloursFor({ isTTY: false });
const line = (facts: object) => readableLine(JSON.stringify({ level: 30, time: 0, msg: "hello", ...facts }), plain);

test.each([
  [{}, /^\d\d:\d\d:\d\d info hello$/],
  [{ level: 40, worker: "m#0.0", ms: 1.5 }, /^\d\d:\d\d:\d\d warn hello worker=m#0\.0 ms=1\.5$/],
  [{ model: null, aborted: false, list: [1] }, /hello aborted=false list=\[1\]$/],
  [{ level: 50, err: { stack: "Error: x\n    at y" } }, /error hello\nError: x\n {4}at y$/],
])("%j", (facts, expected) => {
  expect(line(facts)).toMatch(expected);
});
