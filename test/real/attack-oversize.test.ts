import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type OpenGateway, openGateway } from "../fixtures/gateway-kit.ts";
import { CHAT, chat, post, RawConnection } from "../fixtures/raw-http.ts";
import { type StubPool, stubPool } from "../fixtures/stub-pool.ts";

const LIMIT = 100_000;
let pool: StubPool;
let front: OpenGateway;
beforeEach(async () => {
  pool = stubPool();
  front = await openGateway([pool], { bodyLimit: LIMIT });
});
afterEach(() => front.gateway.destroy());

const HEAD = `POST ${CHAT} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
const filled = (bytes: number) => chat("x".repeat(bytes - chat("").length));

async function answerTo(bytes: string | Buffer) {
  const connection = await RawConnection.open(front.port);
  connection.send(bytes);
  const response = await connection.response();
  connection.destroy();
  return response;
}

test("the limit itself passes, one byte more does not", async () => {
  expect((await answerTo(post(CHAT, filled(LIMIT)))).status).toBe(200);
  expect((await answerTo(post(CHAT, filled(LIMIT + 1)))).status).toBe(413);
  expect(pool.seen).toHaveLength(1);
});

describe("413", () => {
  test("for a length that is only declared, before a byte of it has come", async () => {
    const { status, body } = await answerTo(`${HEAD}content-length: 99999999999\r\n\r\n`);
    expect(status).toBe(413);
    expect(JSON.parse(body)).toMatchObject({ error: { code: "request_too_large", source: "gateway" } });
  });

  test("for chunks that add up", async () => {
    const chunk = `4e20\r\n${"x".repeat(20_000)}\r\n`;
    const { status } = await answerTo(`${HEAD}transfer-encoding: chunked\r\n\r\n${chunk.repeat(6)}`);
    expect(status).toBe(413);
  });

  test("for chunk extensions without end", async () => {
    const { status } = await answerTo(`${HEAD}transfer-encoding: chunked\r\n\r\n1;${"a".repeat(20_000)}`);
    expect(status).toBe(413);
  });

  test("instead of 100 Continue", async () => {
    const { status, headers } = await answerTo(`${HEAD}expect: 100-continue\r\ncontent-length: 200000\r\n\r\n`);
    expect([status, headers.connection]).toEqual([413, "close"]);
  });

  test("reaches a client that sends all of its body before it reads", async () => {
    const connection = await RawConnection.open(front.port);
    connection.send(post(CHAT, filled(20 * LIMIT)));
    expect((await connection.response()).status).toBe(413);
    connection.destroy();
  });

  test("and a client that never stops sending is cut off", async () => {
    const connection = await RawConnection.open(front.port);
    connection.send(`${HEAD}content-length: 99999999999\r\n\r\n`);
    const flood = setInterval(() => connection.send("x".repeat(10_000)), 10);
    expect((await connection.response()).status).toBe(413);
    await connection.closed();
    clearInterval(flood);
    expect(pool.seen).toHaveLength(0);
  });
});

test("a client that waits for 100 Continue gets it", async () => {
  const connection = await RawConnection.open(front.port);
  const body = chat("x");
  connection.send(`${HEAD}expect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n`);
  await connection.until("HTTP/1.1 100 Continue\r\n\r\n");
  expect((await connection.response()).status).toBe(100);
  connection.send(body);
  expect((await connection.response()).status).toBe(200);
  expect(pool.seen[0]?.headers).not.toHaveProperty("expect");
  connection.destroy();
});

test("another expectation is 417 in our shape", async () => {
  const { status, body } = await answerTo(`${HEAD}expect: tea\r\ncontent-length: 2\r\n\r\n{}`);
  expect(status).toBe(417);
  expect(JSON.parse(body)).toMatchObject({ error: { source: "gateway" } });
});
