import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../src/proxy/fingerprint.ts";
import { Fingerprints, type Remembered } from "../../src/proxy/fingerprints.ts";
import type { UpstreamRequest } from "../../src/proxy/sink.ts";

const request = (body: unknown, rest: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  method: "POST",
  path: "/v1/chat/completions",
  headers: {},
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  ...rest,
});
const messages = [{ role: "user", content: "hello" }];
const plain = fingerprintOf(request({ messages, max_tokens: 3 }));

describe("fingerprintOf", () => {
  it("is the same for what a client sends again, streamed or not, under another id", () => {
    const again = { max_tokens: 3, user: "u2", stream: true, stream_options: { include_usage: true }, messages };
    expect(fingerprintOf(request(again, { headers: { "x-request-id": "2" } }))).toBe(plain);
    expect(fingerprintOf(request(again, { path: "/v1/chat/completions?x=1" }))).toBe(plain);
    expect(fingerprintOf(request("not looked at", { parsed: again }))).toBe(plain);
  });

  it("differs with all that the engine computes by", () => {
    const others = [
      request({ messages, max_tokens: 4 }),
      request({ messages: [{ role: "user", content: "hello!" }], max_tokens: 3 }),
      request({ messages, max_tokens: 3, grammar: "root ::= x" }),
      request({ messages, max_tokens: 3 }, { path: "/v1/completions" }),
      request({ messages, max_tokens: 3 }, { method: "GET" }),
    ].map(fingerprintOf);
    expect(new Set([plain, ...others]).size).toBe(6);
  });

  it("goes by the bytes of what is no JSON object, or too deep to be written", () => {
    const deep = `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    const texts = ["[1]", "{", "", deep, `${deep} `];
    expect(new Set(texts.map((text) => fingerprintOf(request(text)))).size).toBe(5);
    expect(fingerprintOf(request("x", { body: null }))).toBe(fingerprintOf(request("y", { body: null })));
  });
});

describe("Fingerprints", () => {
  it("forgets each after its time", () => {
    const known = new Fingerprints(100);
    known.add("a", 1_000);
    known.recall([{ fingerprint: "b", until: 1_200 }]);
    expect([known.has("a", 1_099), known.has("a", 1_100), known.has("b", 1_199), known.size]).toEqual([
      true,
      false,
      true,
      1,
    ]);
  });

  it("tells of all that it still knows", () => {
    const told: (readonly Remembered[])[] = [];
    const known = new Fingerprints(100, (all) => told.push(all));
    known.add("a", 0);
    known.add("b", 150);
    known.delete("b", 160);
    known.delete("b", 170);
    expect(told).toEqual([[{ fingerprint: "a", until: 100 }], [{ fingerprint: "b", until: 250 }], []]);
  });

  it("forgets all at once, and tells how many there were", () => {
    const told: (readonly Remembered[])[] = [];
    const known = new Fingerprints(100, (all) => told.push(all));
    known.recall([
      { fingerprint: "over", until: 10 },
      { fingerprint: "a", until: 100 },
    ]);
    expect([known.clear(50), known.clear(50), known.size, told]).toEqual([1, 0, 0, [[]]]);
  });

  it("holds a thousand at most", () => {
    const known = new Fingerprints(100);
    for (let index = 0; index < 1_001; index += 1) known.add(`${index}`, 0);
    expect([known.size, known.has("0", 1), known.has("1", 1)]).toEqual([1_000, false, true]);
  });
});
