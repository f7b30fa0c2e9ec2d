import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WholeEvents } from "../../src/proxy/whole-events.ts";

function pushed(...pieces: string[]): string[] {
  const cut = new WholeEvents();
  return [...pieces.map((piece) => cut.push(Buffer.from(piece)).toString()), cut.flush().toString()];
}

describe("WholeEvents", () => {
  it("passes whole events on as the very bytes that came", () => {
    const chunk = Buffer.from("data: a\n\ndata: b\n\n");
    expect(new WholeEvents().push(chunk)).toBe(chunk);
  });

  it("holds back what has begun until it ends, wherever it was cut", () => {
    expect(pushed("data: a\n\nda", "ta: b", "\n", "\ndata: c\n\n")).toEqual([
      "data: a\n\n",
      "",
      "",
      "data: b\n\ndata: c\n\n",
      "",
    ]);
  });

  it("gives what is left at a good end", () => {
    expect(pushed("data: a\n\n: half")).toEqual(["data: a\n\n", ": half"]);
  });

  it("loses, adds and cuts nothing, however a stream is cut into pieces", () => {
    const events = fc.array(fc.string({ unit: "grapheme", minLength: 1 }).map((text) => text.replaceAll("\n", " ")));
    fc.assert(
      fc.property(events, fc.array(fc.nat(200), { maxLength: 20 }), (texts, cuts) => {
        const stream = Buffer.from(texts.map((text) => `data: ${text}\n\n`).join(""));
        const at = [0, ...cuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b), stream.length];
        const cut = new WholeEvents();
        const given = at.slice(1).map((end, index) => cut.push(stream.subarray(at[index], end)));
        for (const piece of given) expect(piece.length === 0 || piece.toString().endsWith("\n\n")).toBe(true);
        expect(Buffer.concat(given).equals(stream)).toBe(true);
      }),
    );
  });
});
