import { expect, test } from "vitest";
import { parsedBody } from "../../src/proxy/parsed-body.ts";

const requestOf = (body: Buffer) => ({ method: "POST", path: "/x", headers: {}, body }) as const;

test("a buffer that is used again is another request's body", () => {
  const buffer = Buffer.from('{"a":1}');
  const first = requestOf(buffer);
  expect(parsedBody(first)).toEqual({ a: 1 });
  expect(parsedBody(first)).toBe(parsedBody(first));
  buffer.write('{"a":2}');
  expect(parsedBody(requestOf(buffer))).toEqual({ a: 2 });
});

test("what is no JSON is null", () => {
  expect(parsedBody(requestOf(Buffer.from("{")))).toBeNull();
});
