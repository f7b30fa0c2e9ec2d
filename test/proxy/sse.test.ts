import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventParser, eventsOf, type ServerEvent } from "../../src/proxy/sse.ts";

function parse(...pieces: (string | Uint8Array)[]): ServerEvent[] {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.feed(typeof piece === "string" ? Buffer.from(piece) : piece));
}

const data = (...texts: string[]): ServerEvent[] => texts.map((text) => ({ type: "message", data: text }));

describe("EventParser", () => {
  it.each(["\n", "\r", "\r\n"])("ends lines at %j", (end) => {
    // The last CR is held back until it is clear that no LF follows.
    expect(parse(`data: a${end}${end}data: b${end}${end}`, ":x")).toEqual(data("a", "b"));
  });

  it("takes a CRLF that is cut in half for one end of line", () => {
    expect(parse("data: a\r", "\n", "data: b\r", "\n\r", "\n")).toEqual(data("a\nb"));
  });

  it("joins lines of data, keeps all but one leading space, and takes a line without a colon for a name", () => {
    expect(parse("data:  two\ndata:none\ndata\n\n")).toEqual(data(" two\nnone\n"));
  });

  it("knows the event's type, for that event only", () => {
    expect(parse("event: error\ndata: x\n\ndata: y\n\n")).toEqual([{ type: "error", data: "x" }, ...data("y")]);
  });

  it("skips comments, unknown fields, events without data, and a byte order mark", () => {
    expect(parse("\ufeffdata: a\n\n: ping\n\nid: 7\nretry: 1\nevent: nothing\n\ndata: b\n\n")).toEqual(data("a", "b"));
  });

  it("drops an event that was not ended", () => {
    expect(parse("data: a\n\ndata: half\n")).toEqual(data("a"));
  });

  it("gives the same events however the bytes are cut, through the middle of characters too", () => {
    const text = fc.stringMatching(/^[^\r\n]*$/);
    const anyEvents = fc.array(fc.array(fc.oneof(text, fc.constantFrom("你好", "😀🎉", "é")), { minLength: 1 }), {
      maxLength: 6,
    });
    const anyEnd = fc.constantFrom("\n", "\r", "\r\n");
    fc.assert(
      fc.property(anyEvents, anyEnd, fc.array(fc.nat(200)), (events, end, cuts) => {
        const wire = Buffer.from(events.map((lines) => lines.map((l) => `data: ${l}${end}`).join("") + end).join(""));
        const edges = [0, ...cuts.map((cut) => cut % (wire.length + 1)).toSorted((a, b) => a - b), wire.length];
        const pieces = edges.slice(1).map((edge, index) => wire.subarray(edges[index], edge));
        const decoded = events.map((lines) => Buffer.from(lines.join("\n")).toString());
        expect(parse(...pieces, ":end")).toEqual(data(...decoded));
      }),
    );
  });
});

describe("eventsOf", () => {
  it("closes the body when the reader leaves", async () => {
    let closed = false;
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.from("data: again\n\n");
      } finally {
        closed = true;
      }
    }
    for await (const event of eventsOf(body())) {
      expect(event.data).toBe("again");
      break;
    }
    expect(closed).toBe(true);
  });
});
