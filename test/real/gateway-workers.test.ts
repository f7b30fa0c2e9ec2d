import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import { createPool } from "../../src/pool.ts";
import type { Pool } from "../../src/pool-types.ts";
import { fakeEngine } from "../fixtures/fake-engine.ts";
import { type OpenGateway, openGateway } from "../fixtures/gateway-kit.ts";
import { CHAT, chat, post, RawConnection } from "../fixtures/raw-http.ts";

/** The gateway in front of a pool whose workers are processes that misbehave on demand. */
let pool: Pool;
let front: OpenGateway;

async function start(options: PoolOptions = {}): Promise<void> {
  pool = await createPool(
    { name: "m", workers: 1, threads: 1, slots: 1, probeInterval: 50, ...options },
    { engine: fakeEngine() },
  );
  front = await openGateway([pool]);
}
beforeEach(() => start());
afterEach(async () => {
  await front.gateway.destroy();
  await pool.destroy();
});

const ask = (content: string, more: Record<string, unknown> = {}, signal?: AbortSignal) =>
  fetch(`${front.url}${CHAT}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: chat(content, more),
    signal: signal ?? null,
  });

interface Seen {
  readonly requests: number;
  readonly inFlight: number;
  readonly aborted: number;
  readonly last: { readonly headers: Record<string, string> };
}
const seen = async () => (await (await pool.request({ path: "/fake" })).json()) as Seen;

const eventsOf = (text: string): string[] =>
  text.split(/\n\n+/).flatMap((event) => (event === "" ? [] : [event.slice("data: ".length)]));

const piecesOf = (text: string): string[] =>
  eventsOf(text).flatMap((data) => (data === "[DONE]" ? [] : (JSON.parse(data).choices?.[0]?.delta?.content ?? [])));

describe("a worker that dies", () => {
  test("in the middle of a stream: another goes on with it", async () => {
    const text = await (await ask("one two !close 2 three", { stream: true })).text();
    expect(piecesOf(text).join("")).toBe("one two !close 2 three");
    expect(text.match(/"role":/g)).toHaveLength(1);
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("in the middle of a stream that can't go on: the client has what came, and an error event", async () => {
    const text = await (await ask("one two !close 2 three", { stream: true, logprobs: true })).text();
    // The last piece may have died with the worker.
    expect([["one"], ["one", " two"]]).toContainEqual(piecesOf(text));
    expect(JSON.parse(eventsOf(text).at(-1) ?? "")).toMatchObject({
      error: { type: "server_error", code: "stream_not_continuable", source: "worker" },
    });
  });

  test("in the middle of a stream that is not to go on: the same", async () => {
    const body = chat("one two !close 2 three", { stream: true });
    const headers = { "content-type": "application/json", "x-corral-continue": "off" };
    const text = await (await fetch(`${front.url}${CHAT}`, { method: "POST", headers, body })).text();
    const error = { code: "stream_not_continuable", message: expect.stringContaining("switched off") };
    expect(JSON.parse(eventsOf(text).at(-1) ?? "")).toMatchObject({ error });
    const wrong = { ...headers, "x-corral-continue": "perhaps" };
    expect((await fetch(`${front.url}${CHAT}`, { method: "POST", headers: wrong, body })).status).toBe(400);
  });

  test("of a request, twice: it is refused, and the next one is answered by who replaces the worker", async () => {
    // One that no earlier run has been refused.
    const response = await ask(`!segv ${randomUUID()}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ error: { code: "request_kills_worker" } });
    expect((await ask("hello")).status).toBe(200);
    expect(pool.stats().restarts).toBe(2);
  });
});

test("errors of the engine pass as they are", async () => {
  const response = await ask("!status 501");
  expect([response.status, response.headers.get("x-corral-error-source")]).toEqual([501, "worker"]);
  expect(await response.json()).toEqual({ error: { code: 501, message: "as ordered: 501", type: "server_error" } });
});

test("a full queue is 429 with retry-after, and those in it are served", async () => {
  await front.gateway.destroy();
  await pool.destroy();
  await start({ queueLimit: 1 });
  const busy = await ask("a b c d e f !pace 50", { stream: true });
  const waiting = ask("waits");
  while (pool.stats().queued < 1) await new Promise((resolve) => setImmediate(resolve));
  const refused = await ask("too many");
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(await refused.json()).toMatchObject({ error: { type: "rate_limit_error", code: "CORRAL_QUEUE_FULL" } });
  await busy.text();
  expect((await waiting).status).toBe(200);
});

describe("a client that goes", () => {
  test("while its body is on its way: no worker hears of it", async () => {
    const connection = await RawConnection.open(front.port);
    connection.send(post(CHAT, chat("x")).subarray(0, -3));
    connection.destroy();
    await front.line(({ aborted }) => aborted === true);
    expect((await seen()).requests).toBe(0);
  });

  test("while it waits for a slot: no worker hears of it, and its place is free", async () => {
    const busy = await ask("a b c !pace 50", { stream: true });
    const leaving = new AbortController();
    const waiting = ask("never sent", {}, leaving.signal);
    while (pool.stats().queued < 1) await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    await expect(waiting).rejects.toThrow();
    expect(await front.line(({ aborted }) => aborted === true)).toMatchObject({ worker: null });
    expect(pool.stats().queued).toBe(0);
    await busy.text();
    expect((await seen()).requests).toBe(1);
  });

  test.each([
    ["before the first byte", "!hang", false],
    ["in the middle of a stream", `${"word ".repeat(500)}!pace 20`, true],
  ])("%s: the worker's connection is closed and the slot is free", async (_when, content, stream) => {
    const connection = await RawConnection.open(front.port);
    connection.send(post(CHAT, chat(content, { stream })));
    if (stream) await connection.until('"word"');
    else while (pool.stats().slots.busy < 1) await new Promise((resolve) => setImmediate(resolve));
    connection.destroy();
    expect(await front.line(({ aborted }) => aborted === true)).toMatchObject({ worker: "m#0.0" });
    while ((await seen()).inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await seen()).toMatchObject({ aborted: 1 });
    expect((await ask("next")).status).toBe(200);
    expect(pool.stats().restarts).toBe(0);
  });
});

test("what a client calls itself or knows never reaches a worker", async () => {
  const connection = await RawConnection.open(front.port);
  const headers = {
    authorization: "Bearer theirs",
    "x-conversation-id": "c",
    cookie: "a=b",
    "x-forwarded-for": "1.2.3.4",
  };
  connection.send(post(CHAT, chat("hi"), headers));
  await connection.response();
  connection.destroy();
  const { last } = await seen();
  expect(last.headers.authorization).not.toContain("theirs");
  for (const name of ["x-conversation-id", "cookie", "x-forwarded-for"]) expect(last.headers).not.toHaveProperty(name);
});

test("a hundred answers at once keep apart", async () => {
  await front.gateway.destroy();
  await pool.destroy();
  await start({ workers: 2, slots: 4 });
  const texts = Array.from({ length: 100 }, (_, index) => `request number ${index} of a hundred`);
  const answers = await Promise.all(
    texts.map(async (text, index) => {
      const response = await ask(text, { stream: index % 2 === 0 });
      const body = await response.text();
      if (index % 2 === 1) return JSON.parse(body).choices[0].message.content;
      const events = body.split("\n\n").filter((event) => event.startsWith("data: {"));
      return events.map((event) => JSON.parse(event.slice(6)).choices[0]?.delta.content ?? "").join("");
    }),
  );
  expect(answers).toEqual(texts);
});
