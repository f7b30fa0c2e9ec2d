import { afterEach, beforeEach, expect, test } from "vitest";
import { type OpenGateway, openGateway } from "../fixtures/gateway-kit.ts";
import { CHAT, chat, post, RawConnection } from "../fixtures/raw-http.ts";
import { type StubPool, stubPool } from "../fixtures/stub-pool.ts";

let pool: StubPool;
let front: OpenGateway;
beforeEach(async () => {
  pool = stubPool();
  front = await openGateway([pool]);
});
afterEach(() => front.gateway.destroy());

const many = (count: number, value = "b") =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, value]));

test.each([
  ["a header of 20 KB", { "x-a": "b".repeat(20_000) }],
  ["a name of 20 KB", { ["a".repeat(20_000)]: "b" }],
  ["a thousand headers of 100 bytes", many(1_000, "b".repeat(100))],
  ["101 short headers", many(98)],
  ["2,000 of the shortest", many(2_000, "")],
])("%s: 431, and the connection ends", async (_name, headers) => {
  const connection = await RawConnection.open(front.port);
  connection.send(post(CHAT, chat("x"), headers));
  const response = await connection.response();
  await connection.closed();
  expect(response.status).toBe(431);
  expect(JSON.parse(response.body)).toMatchObject({ error: { source: "gateway" } });
  expect(pool.seen).toHaveLength(0);
});

test("a target of 20 KB: 431", async () => {
  const connection = await RawConnection.open(front.port);
  connection.send(`GET /${"a".repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`);
  expect((await connection.response()).status).toBe(431);
  await connection.closed();
});

test("headers without end: 431 while they are still coming", async () => {
  const connection = await RawConnection.open(front.port);
  connection.send("GET / HTTP/1.1\r\nhost: x\r\n");
  const flood = setInterval(() => connection.send(`x-a: ${"b".repeat(1_000)}\r\n`), 1);
  expect((await connection.response()).status).toBe(431);
  await connection.closed();
  clearInterval(flood);
});

test("97 headers of ours and 3 of any request pass", async () => {
  const connection = await RawConnection.open(front.port);
  connection.send(post(CHAT, chat("x"), many(97)));
  expect((await connection.response()).status).toBe(200);
  connection.destroy();
});
