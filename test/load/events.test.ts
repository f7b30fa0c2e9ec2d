import fc from "fast-check";
import { expect, it } from "vitest";
import { BodyEnd, EventCounter } from "../../src/load/events.ts";

const STREAM = Buffer.from('data: {"a":1}\n\ndata: {"b":"\\n\\n"}\n\ndata: [DONE]\n\n');

it("counts the events of a stream wherever it was cut", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 8 }), (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
      const counter = new EventCounter();
      for (const [index, edge] of edges.slice(1).entries()) counter.push(STREAM.subarray(edges[index], edge));
      expect(counter.count).toBe(3);
    }),
  );
});

it("tells a stream that ended with [DONE] from one that was cut off", () => {
  const whole = new BodyEnd();
  whole.push(STREAM);
  expect(whole.isDone).toBe(true);
  const cut = new BodyEnd();
  cut.push(STREAM.subarray(0, -1));
  expect(cut.isDone).toBe(false);
});

it("keeps the end of a long body only", () => {
  const end = new BodyEnd();
  for (let piece = 0; piece < 10_000; piece += 1) end.push(Buffer.from(`piece ${piece};`));
  expect(end.text.length).toBeLessThan(2049);
  expect(end.text.endsWith("piece 9999;")).toBe(true);
});
