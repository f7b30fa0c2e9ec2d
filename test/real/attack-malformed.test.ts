import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OpenGateway, openGateway } from "../fixtures/gateway-kit.ts";
import { CHAT, chat, post, RawConnection } from "../fixtures/raw-http.ts";
import { type StubPool, stubPool } from "../fixtures/stub-pool.ts";

let pool: StubPool;
let front: OpenGateway;
beforeAll(async () => {
  pool = stubPool();
  front = await openGateway([pool]);
});
afterAll(() => front.gateway.destroy());

const bad = (...bytes: number[]) =>
  Buffer.concat([Buffer.from('{"messages":[{"role":"user","content":"'), Buffer.from(bytes), Buffer.from('"}]}')]);
const get = (path: string, method = "GET") => `${method} ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

/** Malformed, misdirected or of the wrong kind: what comes back. What a body may hold is in test/gateway/check.test.ts. */
const CORPUS: [name: string, status: number, bytes: string | Buffer][] = [
  ["no body at all", 400, `POST ${CHAT} HTTP/1.1\r\nhost: x\r\n\r\n`],
  ["an empty body", 400, post(CHAT, "")],
  ["an empty chunked body", 400, `POST ${CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["no JSON", 400, post(CHAT, "messages=hi")],
  ["half a JSON", 400, post(CHAT, chat("hi").slice(0, -1))],
  ["an array", 400, post(CHAT, "[]")],
  ["a million arrays", 400, post(CHAT, "[".repeat(1_000_000))],
  ["a million objects in a field", 400, post(CHAT, chat("x").replace("}", `,"a":${'{"a":'.repeat(1_000_000)}`))],
  [
    "a million levels in a schema",
    400,
    post(CHAT, `{"response_format":${'{"items":'.repeat(1_000_000)}1${"}".repeat(1_000_001)}`),
  ],
  ["a lone continuation byte", 400, post(CHAT, bad(0x80))],
  ["an overlong NUL", 400, post(CHAT, bad(0xc0, 0x80))],
  ["a surrogate", 400, post(CHAT, bad(0xed, 0xa0, 0x80))],
  ["beyond U+10FFFF", 400, post(CHAT, bad(0xf4, 0x90, 0x80, 0x80))],
  ["a character cut short", 400, post(CHAT, bad(0xe6, 0xa8))],
  ["Latin-1", 400, post(CHAT, Buffer.from(chat("café"), "latin1"))],
  ["UTF-16", 400, post(CHAT, Buffer.from(chat("hi"), "utf16le"))],
  ["a raw control character", 400, post(CHAT, bad(0x01))],
  ["half a surrogate pair, escaped", 400, post(CHAT, bad(...Buffer.from("\\ud83d")))],
  ["another charset", 415, post(CHAT, chat("hi"), { "content-type": "application/json; charset=latin1" })],
  ["a form", 415, post(CHAT, chat("hi"), { "content-type": "application/x-www-form-urlencoded" })],
  ["text, as another site's page could send it", 415, post(CHAT, chat("hi"), { "content-type": "text/plain" })],
  ["a file", 415, post(CHAT, chat("hi"), { "content-type": "multipart/form-data; boundary=a" })],
  ["gzip", 415, post(CHAT, chat("hi"), { "content-encoding": "gzip" })],
  ["an unknown model", 404, post(CHAT, chat("hi", { model: "gpt-4" }))],
  ["an unknown path", 404, post("/v1/fine-tunes", "{}")],
  ["the engine's private paths", 404, get("/slots")],
  ["a path that climbs", 404, get("/v1/models/../../slots")],
  ["an encoded path", 404, get("/v1%2Fmodels")],
  ["GET where POST is meant", 405, get(CHAT)],
  ["POST where GET is meant", 405, post("/v1/models", "{}")],
  ["a preflight", 405, get(CHAT, "OPTIONS")],
  ["TRACE", 405, get("/", "TRACE")],
];

describe("the corpus: the expected status in the expected shape, and no worker sees any of it", () => {
  test.each(CORPUS)("%s is %i", async (_name, status, bytes) => {
    const connection = await RawConnection.open(front.port);
    connection.send(bytes);
    const response = await connection.response();
    connection.destroy();
    expect(response.status).toBe(status);
    expect(response.headers).toMatchObject({
      "x-corral-error-source": "gateway",
      "x-request-id": expect.any(String),
      "content-type": "application/json; charset=utf-8",
    });
    expect(JSON.parse(response.body)).toMatchObject({
      error: {
        message: expect.any(String),
        type: "invalid_request_error",
        code: expect.any(String),
        source: "gateway",
      },
    });
    expect(pool.seen).toHaveLength(0);
  });

  test("and the next good request is answered", async () => {
    const connection = await RawConnection.open(front.port);
    connection.send(post(CHAT, chat("hi")));
    expect((await connection.response()).status).toBe(200);
    connection.destroy();
  });
});
