import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type OpenGateway, openGateway } from "../fixtures/gateway-kit.ts";
import { CHAT, chat, post, RawConnection } from "../fixtures/raw-http.ts";
import { hang, type StubPool, stubPool } from "../fixtures/stub-pool.ts";
import { deferred } from "../pool/deferred.ts";

let pool: StubPool;
let front: OpenGateway;
beforeEach(async () => {
  pool = stubPool();
  front = await openGateway([pool]);
});
afterEach(() => front.gateway.destroy());

/** The client goes in one of three ways: it ends its half, closes, or resets. */
const WAYS: [way: string, leave: (connection: RawConnection) => void][] = [
  ["ends", (connection) => connection.socket.end()],
  ["closes", (connection) => connection.destroy()],
  ["resets", (connection) => connection.socket.resetAndDestroy()],
];

const aborted = () => front.line((line) => line.aborted === true);

test.each(WAYS)("a client %s while it sends its body: no worker sees it", async (_way, leave) => {
  const connection = await RawConnection.open(front.port);
  connection.send(post(CHAT, chat("x")).subarray(0, -5));
  leave(connection);
  expect(await aborted()).toMatchObject({ status: null, worker: null, error: null });
  expect(pool.seen).toHaveLength(0);
});

test.each(WAYS)(
  "a client %s while it waits, for a slot or for the first byte: the pool is told",
  async (_way, leave) => {
    const reached = deferred();
    pool.serve = (_request, sink, signal) => {
      reached.resolve();
      return hang(sink, signal);
    };
    const connection = await RawConnection.open(front.port);
    connection.send(post(CHAT, chat("x")));
    await reached.promise;
    leave(connection);
    expect(await aborted()).toMatchObject({ status: null, bytes: 0, error: null });
  },
);

test.each(WAYS)("a client %s in the middle of a stream: the pool is told", async (_way, leave) => {
  pool.serve = (_request, sink, signal) => {
    sink.start(200, { "content-type": "text/event-stream" });
    sink.data(Buffer.from("data: 1\n\n"));
    return hang(sink, signal);
  };
  const connection = await RawConnection.open(front.port);
  connection.send(post(CHAT, chat("x", { stream: true })));
  await connection.until("data: 1");
  leave(connection);
  expect(await aborted()).toMatchObject({ status: 200, bytes: 9, error: null });
});

test("a client that goes while the worker waits for it to read: the wait ends", async () => {
  const paused = deferred();
  const over = deferred();
  pool.serve = async (_request, sink) => {
    sink.start(200, { "content-type": "text/event-stream" });
    while (sink.data(Buffer.alloc(64 * 1024))) {}
    paused.resolve();
    await sink.drained();
    over.resolve();
  };
  const connection = await RawConnection.open(front.port);
  connection.socket.pause();
  connection.send(post(CHAT, chat("x", { stream: true })));
  await paused.promise;
  connection.destroy();
  await over.promise;
});

test("a client that goes with its connection kept alive and idle leaves no trace", async () => {
  const connection = await RawConnection.open(front.port);
  connection.send(post(CHAT, chat("x")));
  await connection.response();
  connection.destroy();
  await once(connection.socket, "close");
  expect(front.lines.filter(({ aborted }) => aborted === true)).toHaveLength(0);
});

test("a hundred clients that come and go leave nothing running", async () => {
  let running = 0;
  const idle = deferred();
  const full = deferred();
  pool.serve = async (_request, sink, signal) => {
    running += 1;
    if (running === 100) full.resolve();
    await hang(sink, signal);
    running -= 1;
    if (running === 0) idle.resolve();
  };
  const clients = await Promise.all(Array.from({ length: 100 }, () => RawConnection.open(front.port)));
  for (const client of clients) client.send(post(CHAT, chat("x")));
  await full.promise;
  for (const client of clients) client.destroy();
  await idle.promise;
  await front.gateway.close();
});
