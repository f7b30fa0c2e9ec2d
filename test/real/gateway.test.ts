import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { CorralError } from "../../src/errors.ts";
import { type OpenGateway, openGateway } from "../fixtures/gateway-kit.ts";
import { CHAT, chat, post, RawConnection } from "../fixtures/raw-http.ts";
import { hang, type Serve, stubPool } from "../fixtures/stub-pool.ts";
import { deferred } from "../pool/deferred.ts";

const open: OpenGateway[] = [];
async function start(...parts: Parameters<typeof openGateway>): Promise<OpenGateway> {
  const gateway = await openGateway(...parts);
  open.push(gateway);
  return gateway;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ gateway }) => gateway.destroy()));
});

const JSON_HEADERS = { "content-type": "application/json" };
const ask = (url: string, path = CHAT, body = chat("hi"), headers: Record<string, string> = {}) =>
  fetch(`${url}${path}`, { method: "POST", headers: { ...JSON_HEADERS, ...headers }, body });

/** Starts a stream, then leaves it to `then`. */
const streaming =
  (then: Serve): Serve =>
  async (request, sink, signal) => {
    sink.start(200, { "content-type": "text/event-stream" });
    sink.data(Buffer.from('data: {"choices":[]}\n\n'));
    await then(request, sink, signal);
  };

describe("what goes to the worker", () => {
  test("the bytes of the body as they came, and only headers that mean something to it", async () => {
    const pool = stubPool();
    const { url } = await start([pool]);
    const body = '{ "messages" : [ {"role":"user","content":"h\\u00e9é"} ],\n "model":"stub", "model":"stub" }';
    await ask(url, `${CHAT}?beta=true`, body, {
      authorization: "Bearer client",
      "x-conversation-id": "theirs",
      "x-request-id": "id-1",
      cookie: "a=b",
    });
    expect(pool.seen[0]?.path).toBe(CHAT);
    expect(pool.seen[0]?.body?.toString()).toBe(body);
    expect(Object.keys(pool.seen[0]?.headers ?? {}).sort()).toEqual([
      "accept",
      "content-type",
      "user-agent",
      "x-request-id",
    ]);
  });

  test("goes to the pool that the body names", async () => {
    const [a, b] = [stubPool({ name: "a" }), stubPool({ name: "b" })];
    const { url } = await start([a, b]);
    expect((await ask(url, CHAT, chat("x", { model: "b" }))).status).toBe(200);
    expect([a.seen.length, b.seen.length]).toEqual([0, 1]);
    expect((await ask(url, CHAT, chat("x", { model: "c" }))).status).toBe(404);
    expect((await ask(url, CHAT, chat("x"))).status).toBe(400);
    expect([a.seen.length, b.seen.length]).toEqual([0, 1]);
  });
});

describe("answers", () => {
  test("pass through as they are, with an id, and the worker's errors are marked", async () => {
    const serve: Serve = (_request, sink) => {
      sink.start(501, { "content-type": "application/json", "x-engine": "1" });
      sink.data(Buffer.from('{"error":{"code":501}}'));
      sink.end();
    };
    const { url } = await start([stubPool({ serve })]);
    const response = await ask(url, "/v1/embeddings", "{}", { "x-request-id": "mine.1" });
    expect(response.status).toBe(501);
    expect(response.headers.get("x-corral-error-source")).toBe("worker");
    expect(response.headers.get("x-request-id")).toBe("mine.1");
    expect(response.headers.get("x-engine")).toBe("1");
    expect(await response.text()).toBe('{"error":{"code":501}}');
  });

  test("an unsafe id is replaced", async () => {
    const { url } = await start([stubPool()]);
    const response = await ask(url, CHAT, chat("x"), { "x-request-id": 'a"b' });
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("nobody may read them from another origin", async () => {
    const { url } = await start([stubPool()]);
    const response = await ask(url, CHAT, chat("x"), { origin: "https://evil.example" });
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("a stream is not buffered by proxies, and a slow reader pauses the worker", async () => {
    const chunk = Buffer.alloc(64 * 1024, "x");
    let sent = 0;
    const paused = deferred();
    const { url } = await start([
      stubPool({
        serve: async (_request, sink) => {
          sink.start(200, { "content-type": "text/event-stream" });
          for (; sent < 400; sent++) {
            if (sink.data(chunk)) continue;
            paused.resolve();
            await sink.drained();
          }
          sink.end();
        },
      }),
    ]);
    const request = httpRequest(`${url}${CHAT}`, { method: "POST", headers: JSON_HEADERS });
    request.end(chat("x"));
    const [response] = await once(request, "response");
    expect(response.headers["x-accel-buffering"]).toBe("no");
    await paused.promise;
    expect(sent).toBeLessThan(400);
    let bytes = 0;
    for await (const part of response) bytes += part.length;
    expect(bytes).toBe(400 * chunk.length);
  });
});

describe("errors", () => {
  test.each([
    [new CorralError("CORRAL_QUEUE_FULL", "full", { facts: { retryAfter: 3 } }), 429, "gateway", "3"],
    [new CorralError("CORRAL_WORKER_LOST", "lost"), 502, "worker", null],
    [new CorralError("CORRAL_POOL_FAILED", "failed"), 503, "worker", "10"],
    [new Error("secret"), 500, "gateway", null],
  ])("%s before the head is %i", async (error, status, source, retryAfter) => {
    const { url } = await start([stubPool({ serve: (_request, sink) => sink.fail(error) })]);
    const response = await ask(url);
    expect(response.status).toBe(status);
    expect(response.headers.get("x-corral-error-source")).toBe(source);
    expect(response.headers.get("retry-after")).toBe(retryAfter);
    const body = (await response.json()) as { error: { message: string; source: string } };
    expect(body.error.source).toBe(source);
    expect(body.error.message).not.toContain("secret");
  });

  test("a stream whose worker dies ends with an error event", async () => {
    const serve = streaming((_request, sink) => sink.fail(new CorralError("CORRAL_WORKER_LOST", "lost")));
    const { url } = await start([stubPool({ serve })]);
    const text = await (await ask(url)).text();
    const events = text.split(/\n\n+/).filter((event) => event !== "");
    expect(events[0]).toBe('data: {"choices":[]}');
    expect(JSON.parse(events[1]?.replace("data: ", "") ?? "")).toEqual({
      error: { message: "lost", type: "server_error", param: null, code: "CORRAL_WORKER_LOST", source: "worker" },
    });
    expect(events).toHaveLength(2);
  });

  test("in Anthropic's words on its route", async () => {
    const serve = streaming((_request, sink) => sink.fail(new CorralError("CORRAL_WORKER_LOST", "lost")));
    const { url } = await start([stubPool({ serve })]);
    const text = await (await ask(url, "/v1/messages")).text();
    expect(text).toMatch(/\nevent: error\ndata: \{"type":"error","error":\{"type":"api_error","message":"lost"/);
    const refused = await ask(url, "/v1/messages", "{");
    expect(await refused.json()).toMatchObject({ type: "error", error: { type: "invalid_request_error" } });
  });

  test("a plain answer that breaks is cut, never completed", async () => {
    const serve: Serve = (_request, sink) => {
      sink.start(200, { "content-type": "application/json" });
      sink.data(Buffer.from('{"a":'));
      sink.fail(new CorralError("CORRAL_WORKER_LOST", "lost"));
    };
    const { url, line } = await start([stubPool({ serve })]);
    await expect(ask(url).then((response) => response.text())).rejects.toThrow();
    expect(await line(({ path }) => path === CHAT)).toMatchObject({ error: "CORRAL_WORKER_LOST", aborted: false });
  });
});

describe("the gateway's own routes", () => {
  test("health, models, metrics, page", async () => {
    const pool = stubPool({ name: "m" });
    const { url } = await start([pool], {}, async () => "corral_x 1\n");
    const get = async (path: string) => {
      const response = await fetch(`${url}${path}`);
      return { status: response.status, headers: response.headers, text: await response.text() };
    };
    expect(await get("/livez")).toMatchObject({ status: 200 });
    expect(await get("/readyz")).toMatchObject({ status: 200, text: '{"status":"ready","models":{"m":"ready"}}' });
    expect(await get("/health")).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    expect(await get("/metrics")).toMatchObject({ status: 200, text: "corral_x 1\n" });
    expect(JSON.parse((await get("/v1/models")).text)).toMatchObject({ object: "list", data: [{ id: "m" }] });
    expect(JSON.parse((await get("/v1/models/m")).text)).toMatchObject({ id: "m", object: "model" });
    expect(await get("/v1/models/other")).toMatchObject({
      status: 404,
      text: expect.stringContaining("model_not_found"),
    });
    expect(await get("/slots")).toMatchObject({ status: 404 });
    const { headers, text } = await get("/");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(text).toContain(`curl -N ${url}/v1/chat/completions`);
    const wrong = await get(CHAT);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
    expect(pool.seen).toHaveLength(0);
  });

  test("while a model loads, nothing is ready and work is refused for now", async () => {
    const pool = stubPool({ state: "starting" });
    const { url } = await start([pool]);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    const health = await fetch(`${url}/health`);
    expect([health.status, await health.json()]).toMatchObject([503, { error: { message: "Loading model" } }]);
    const response = await ask(url);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
    pool.state = "ready";
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect((await ask(url)).status).toBe(200);
  });

  test("with keys, all but health and the page asks for one", async () => {
    const { url } = await start([stubPool()], { apiKeys: ["sesame"] }, async () => "");
    const status = async (path: string, headers = {}) => (await fetch(`${url}${path}`, { headers })).status;
    for (const path of ["/", "/livez", "/readyz", "/health"]) expect(await status(path)).toBe(200);
    for (const path of ["/v1/models", "/metrics", "/nothing"]) expect(await status(path)).toBe(401);
    expect(await status("/v1/models", { authorization: "Bearer sesame" })).toBe(200);
    expect((await ask(url)).headers.get("www-authenticate")).toBe("Bearer");
    expect((await ask(url, CHAT, chat("x"), { "x-api-key": "sesame" })).status).toBe(200);
  });
});

describe("life", () => {
  test("a taken port and two models of one name are said", async () => {
    const { port } = await start([stubPool()]);
    await expect(openGateway([stubPool()], { port })).rejects.toMatchObject({ code: "CORRAL_PORT_TAKEN" });
    await expect(openGateway([stubPool()], { host: "no.such.host.invalid" })).rejects.toMatchObject({
      code: "CORRAL_BAD_OPTION",
    });
    await expect(openGateway([stubPool(), stubPool()])).rejects.toMatchObject({ code: "CORRAL_BAD_OPTION" });
  });

  test("close drains: not ready, new work refused, what runs is finished", async () => {
    const finished = deferred();
    const pool = stubPool({
      serve: streaming(async (_request, sink) => {
        await finished.promise;
        sink.data(Buffer.from("data: [DONE]\n\n"));
        sink.end();
      }),
    });
    const { url, gateway } = await start([pool]);
    const running = await ask(url);
    const closing = gateway.close();
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const refused = await ask(url);
    expect([refused.status, refused.headers.get("connection")]).toEqual([503, "close"]);
    finished.resolve();
    expect(await running.text()).toMatch(/\[DONE\]\n\n$/);
    await closing;
    await expect(fetch(url)).rejects.toThrow();
  });

  test("a drain that takes too long ends what runs with an error", async () => {
    const pool = stubPool({ serve: streaming((_request, sink, signal) => hang(sink, signal)) });
    const { url, gateway } = await start([pool], { drainTimeout: 0 });
    const running = await ask(url);
    await gateway.close();
    expect(await running.text()).toContain('"code":"CORRAL_POOL_CLOSED"');
  });

  test("destroy cuts a drain short", async () => {
    const pool = stubPool({ serve: streaming((_request, sink, signal) => hang(sink, signal)) });
    const { url, gateway } = await start([pool]);
    const running = await ask(url);
    const closing = gateway.close();
    await gateway.destroy();
    await closing;
    await expect(running.text()).rejects.toThrow();
  });
});

describe("the access log", () => {
  test("one line a request, without keys, prompts and answers", async () => {
    const { url, lines, line } = await start([stubPool({ name: "m" })], { apiKeys: ["sesame"] });
    await ask(url, CHAT, chat("the prompt", { stream: true }), {
      authorization: "Bearer sesame",
      "x-request-id": "r1",
    });
    expect(await line(({ id }) => id === "r1")).toMatchObject({
      method: "POST",
      path: CHAT,
      model: "m",
      stream: true,
      status: 200,
      worker: "stub#0.0",
      aborted: false,
      error: null,
      ms: expect.any(Number),
      queuedMs: expect.any(Number),
      continued: 0,
      firstByteMs: expect.any(Number),
      bytes: expect.any(Number),
    });
    expect(JSON.stringify(lines)).not.toMatch(/sesame|the prompt/);
  });

  test("with contents where they are asked for", async () => {
    const { url, line } = await start([stubPool()], { logContent: true });
    await ask(url, CHAT, chat("the prompt"), { "x-request-id": "r2" });
    const { content } = await line(({ id }) => id === "r2");
    expect(content).toMatchObject({
      request: expect.stringContaining("the prompt"),
      answer: expect.stringContaining("the prompt"),
    });
  });

  test("what was refused is there, too", async () => {
    const { url, line } = await start([stubPool()]);
    await ask(url, "/nowhere", "{}", { "x-request-id": "r3" });
    expect(await line(({ id }) => id === "r3")).toMatchObject({ status: 404, error: "CORRAL_REQUEST_INVALID" });
  });

  test("HTTP/1.0 and pipelined requests are answered in order", async () => {
    const { port } = await start([stubPool()]);
    const connection = await RawConnection.open(port);
    connection.send(Buffer.concat([post("/tokenize", '{"content":"1"}'), post("/tokenize", '{"content":"2"}')]));
    connection.send("GET /livez HTTP/1.0\r\n\r\n");
    await connection.closed();
    const order = [...connection.received.matchAll(/\\"content\\":\\"(\d)\\"|"status":"(ok)"/g)].map(
      ([, a, b]) => a ?? b,
    );
    expect(order).toEqual(["1", "2", "ok"]);
  });
});
