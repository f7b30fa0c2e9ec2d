import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type OpenGateway, openGateway } from "../fixtures/gateway-kit.ts";
import { CHAT, chat, RawConnection } from "../fixtures/raw-http.ts";
import { type StubPool, stubPool } from "../fixtures/stub-pool.ts";
import { deferred } from "../pool/deferred.ts";

let pool: StubPool;
let front: OpenGateway;
beforeEach(async () => {
  pool = stubPool();
  front = await openGateway([pool]);
});
afterEach(() => front.gateway.destroy());

const BODY = chat("x");
const SMUGGLED = "GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n";
const head = (...lines: string[]) =>
  `POST ${CHAT} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
const LENGTH = `content-length: ${BODY.length}`;
const CHUNKED = "transfer-encoding: chunked";
const chunked = (text: string, size = text.length.toString(16)) => `${size}\r\n${text}\r\n0\r\n\r\n`;

/** Each could be read in two ways by two servers; the second request in it must never be one. */
const AMBIGUOUS: [name: string, bytes: string][] = [
  ["content-length and chunked", head(LENGTH, CHUNKED) + chunked(BODY)],
  ["chunked and content-length", head(CHUNKED, LENGTH) + chunked(BODY)],
  ["content-length: 0 and chunked", head("content-length: 0", CHUNKED) + chunked(BODY)],
  ["two lengths that differ", head(LENGTH, "content-length: 0") + BODY],
  ["two lengths that agree", head(LENGTH, LENGTH) + BODY],
  ["two lengths in one line", head(`content-length: ${BODY.length}, ${BODY.length}`) + BODY],
  ["a length with a sign", head(`content-length: +${BODY.length}`) + BODY],
  ["a negative length", head("content-length: -1") + BODY],
  ["a length in hex", head(`content-length: 0x${BODY.length.toString(16)}`) + BODY],
  ["a length beyond 64 bits", head("content-length: 99999999999999999999999") + BODY],
  ["a length with blanks inside", head("content-length: 1 0") + BODY],
  ["an unknown coding", head("transfer-encoding: xchunked") + chunked(BODY)],
  ["chunked, and something behind it", head("transfer-encoding: chunked, identity") + chunked(BODY)],
  ["chunked twice", head(CHUNKED, CHUNKED) + chunked(BODY)],
  ["chunked twice in one line", head("transfer-encoding: chunked, chunked") + chunked(BODY)],
  ["a coding with a vertical tab", head("transfer-encoding:\u000bchunked") + chunked(BODY)],
  ["a blank in front of the colon", head("transfer-encoding : chunked") + chunked(BODY)],
  ["a folded header", head("transfer-encoding:\r\n chunked") + chunked(BODY)],
  ["a header that begins with a blank", head(" content-length: 5") + BODY],
  ["a header without a colon", head("content-length") + BODY],
  ["a NUL in a header", head(LENGTH, "x-a: a\u0000b") + BODY],
  ["a bare CR in a header", head(LENGTH, "x-a: a\rcontent-length: 0") + BODY],
  ["bare LFs", head(LENGTH).replaceAll("\r\n", "\n") + BODY],
  ["a chunk size with a sign", head(CHUNKED) + chunked(BODY, `+${BODY.length.toString(16)}`)],
  ["a chunk size with 0x", head(CHUNKED) + chunked(BODY, `0x${BODY.length.toString(16)}`)],
  ["a chunk size beyond 64 bits", head(CHUNKED) + chunked(BODY, "11111111111111111")],
  ["an empty chunk size", head(CHUNKED) + chunked(BODY, "")],
  ["a chunk longer than its size", head(CHUNKED) + chunked(BODY, "1")],
  ["a chunk size ended by LF", `${head(CHUNKED)}${BODY.length.toString(16)}\n${BODY}\r\n0\r\n\r\n`],
  ["a chunk extension ended by LF", `${head(CHUNKED)}${BODY.length.toString(16)};a\n${BODY}\r\n0\r\n\r\n`],
  ["a chunk ended by LF", `${head(CHUNKED)}${BODY.length.toString(16)}\r\n${BODY}\n0\r\n\r\n`],
  ["trailers", `${head(CHUNKED)}${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\nx-a: b\r\n\r\n`],
  [
    "a trailer that would be a length",
    `${head(CHUNKED)}${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\ncontent-length: 5\r\n\r\n`,
  ],
  ["no host", head(LENGTH).replace("host: x\r\n", "") + BODY],
  ["two hosts", head("host: y", LENGTH) + BODY],
  ["an absolute target", head(LENGTH).replace(CHAT, `http://y${CHAT}`) + BODY],
  ["an asterisk", "OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n"],
  ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["HTTP/1.2", head(LENGTH).replace("HTTP/1.1", "HTTP/1.2") + BODY],
  ["HTTP/0.9", "GET /v1/models\r\n"],
  ["no HTTP at all", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003"],
  ["a method of no meaning", head(LENGTH).replace("POST", "PO ST") + BODY],
];

describe("what two servers could read in two ways is 400, and the connection ends", () => {
  test.each(AMBIGUOUS)("%s", async (_name, bytes) => {
    const connection = await RawConnection.open(front.port);
    connection.send(bytes + (bytes.startsWith("GET") ? "\r\n" : SMUGGLED));
    const response = await connection.response();
    await connection.closed();
    expect(response.status).toBe(400);
    expect(response.headers).toMatchObject({ connection: "close", "x-corral-error-source": "gateway" });
    expect(JSON.parse(response.body)).toMatchObject({ error: { type: "invalid_request_error", source: "gateway" } });
    expect(connection.received).toBe("");
    expect(pool.seen).toHaveLength(0);
  });
});

describe("what has one meaning passes", () => {
  test.each([
    ["a length", head(LENGTH) + BODY],
    ["chunks", head(CHUNKED) + chunked(BODY)],
    ["chunks in capitals", head("Transfer-Encoding: Chunked") + chunked(BODY)],
    ["a chunk extension, which is skipped", head(CHUNKED) + chunked(BODY, `${BODY.length.toString(16)};a=b`)],
  ])("%s", async (_name, bytes) => {
    const connection = await RawConnection.open(front.port);
    connection.send(bytes + SMUGGLED);
    expect((await connection.response().catch(() => ({ status: 200 }))).status).toBe(200);
    expect(pool.seen[0]?.body?.toString()).toBe(BODY);
    expect(pool.seen[0]?.headers).not.toHaveProperty("transfer-encoding");
    connection.destroy();
  });
});

test("garbage behind a request that is being answered ends the connection, and no answer is made up for it", async () => {
  const aborted = deferred();
  pool.serve = (_request, _sink, signal) =>
    new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        aborted.resolve();
        resolve();
      });
    });
  const connection = await RawConnection.open(front.port);
  connection.send(`${head(LENGTH)}${BODY}`);
  connection.send("\u0000\u0001garbage\r\n\r\n");
  await Promise.all([connection.closed(), aborted.promise]);
  expect(connection.received).toBe("");
});
