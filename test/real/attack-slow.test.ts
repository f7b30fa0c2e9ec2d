import { afterEach, beforeEach, expect, test } from "vitest";
import { type OpenGateway, openGateway } from "../fixtures/gateway-kit.ts";
import { CHAT, chat, post, RawConnection } from "../fixtures/raw-http.ts";
import { type StubPool, stubPool } from "../fixtures/stub-pool.ts";

let pool: StubPool;
let front: OpenGateway;
beforeEach(async () => {
  pool = stubPool();
  front = await openGateway([pool], { bodyTimeout: 200, headersTimeout: 200 });
});
afterEach(() => front.gateway.destroy());

const HEAD = `POST ${CHAT} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;

test.each([
  ["stops", `${HEAD}content-length: 100\r\n\r\n{"messages":[`],
  ["never begins", `${HEAD}content-length: 100\r\n\r\n`],
  ["stops between chunks", `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\n{"mes\r\n`],
  ["stops inside a chunk", `${HEAD}transfer-encoding: chunked\r\n\r\nff\r\n{"mes`],
])("a body that %s is 408, and the connection ends", async (_name, bytes) => {
  const connection = await RawConnection.open(front.port);
  connection.send(bytes);
  const { status, headers, body } = await connection.response();
  await connection.closed();
  expect([status, headers.connection]).toEqual([408, "close"]);
  expect(JSON.parse(body)).toMatchObject({ error: { code: "request_timeout" } });
  expect(pool.seen).toHaveLength(0);
});

test("a body that trickles is cut off as well: the limit is on the whole of it", async () => {
  const connection = await RawConnection.open(front.port);
  connection.send(`${HEAD}content-length: 100000\r\n\r\n`);
  const trickle = setInterval(() => connection.send(" "), 10);
  const { status } = await connection.response();
  clearInterval(trickle);
  await connection.closed();
  expect(status).toBe(408);
});

test.each([
  ["stops", "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-a: "],
  ["never begins", ""],
])("a head that %s is 408, and the connection ends", async (_name, bytes) => {
  const connection = await RawConnection.open(front.port);
  connection.send(bytes);
  const { status } = await connection.response();
  await connection.closed();
  expect(status).toBe(408);
});

test("a hundred half-sent bodies hold nobody up, and no worker sees one", async () => {
  const slow = await Promise.all(Array.from({ length: 100 }, () => RawConnection.open(front.port)));
  for (const connection of slow) connection.send(`${HEAD}content-length: 100\r\n\r\n{"mess`);
  const quick = await RawConnection.open(front.port);
  quick.send(post(CHAT, chat("x")));
  expect((await quick.response()).status).toBe(200);
  expect(pool.seen).toHaveLength(1);
  expect(
    (await Promise.all(slow.map((connection) => connection.response()))).every(({ status }) => status === 408),
  ).toBe(true);
  expect(pool.seen).toHaveLength(1);
  quick.destroy();
});
