import fc from "fast-check";
import { expect, test } from "vitest";
import { Ring } from "../../src/worker/ring.ts";

const ringOf = (chunks: readonly (string | Buffer)[], limits = {}): string[] => {
  const ring = new Ring(limits);
  for (const chunk of chunks) ring.push(Buffer.from(chunk));
  return ring.lines();
};

test("keeps the last lines, an unfinished one included", () => {
  expect(ringOf(["a\nb\n", "c", "d\ne"], { lines: 3 })).toEqual(["b", "cd", "e"]);
  expect(ringOf([])).toEqual([]);
  expect(ringOf(["a\n"])).toEqual(["a"]);
});

test("cuts long lines, wherever the chunks end", () => {
  expect(ringOf(["x".repeat(10)], { lineBytes: 10 })).toEqual(["x".repeat(10)]);
  expect(ringOf(["xxxxx", "xxxxxy", "yyy\nz"], { lineBytes: 10 })).toEqual(["xxxxxxxxxx [...]", "z"]);
});

test("takes any bytes and shows no control characters", () => {
  const [line] = ringOf([Buffer.from([0x1b, 0x5b, 0x33, 0x31, 0x6d, 0xff, 0x00, 0x41, 0x0d])]);
  expect(line).toBe("\ufffdA");
});

test("a letter that two chunks share is whole", () => {
  const bytes = Buffer.from("日本");
  expect(ringOf([bytes.subarray(0, 2), bytes.subarray(2)])).toEqual(["日本"]);
});

test("chunking changes nothing", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
      const limits = { lines: 4, lineBytes: 8 };
      const buffers = chunks.map((chunk) => Buffer.from(chunk));
      expect(ringOf(buffers, limits)).toEqual(ringOf([Buffer.concat(buffers)], limits));
      expect(ringOf(buffers, limits).length).toBeLessThanOrEqual(4);
    }),
  );
});
