import { expect, test } from "vitest";
import { refuseUnchecked } from "../../src/proxy/poison.ts";

const ask = (body: string, parsed?: Record<string, unknown>): void =>
  refuseUnchecked({ method: "POST", path: "/v1/chat/completions", headers: {}, body: Buffer.from(body), parsed });
const INVALID = { code: "CORRAL_REQUEST_INVALID" };

test("what ends the engine's process is refused, whoever asks for it", () => {
  const nested = `{"tools":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
  for (const body of [nested, `{"grammar":"root ::= ${"(".repeat(50_000)}"}`]) {
    expect(() => ask(body)).toThrow(expect.objectContaining(INVALID));
  }
});

test("all else is the engine's to refuse: no JSON, no object, no body", () => {
  for (const body of ["{", "5", "null", "", '{"grammar":5}', '{"messages":[]}']) expect(() => ask(body)).not.toThrow();
  refuseUnchecked({ method: "GET", path: "/x", headers: {}, body: null });
});

test("who has parsed a body has checked it", () => {
  expect(() => ask(`{"grammar":"${"(".repeat(50_000)}"}`, {})).not.toThrow();
});
