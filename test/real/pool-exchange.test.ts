import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createNetServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CorralError } from "../../src/errors.ts";
import { Connections } from "../../src/proxy/connections.ts";
import { exchange } from "../../src/proxy/exchange.ts";
import type { ExchangeFacts } from "../../src/proxy/facts.ts";
import { Fingerprints } from "../../src/proxy/fingerprints.ts";
import { Quarantine } from "../../src/proxy/quarantine.ts";
import { RetryBudget } from "../../src/proxy/retry-budget.ts";
import type { Sink, UpstreamRequest } from "../../src/proxy/sink.ts";
import { Admission } from "../../src/route/admission.ts";
import { leastBusy } from "../../src/route/least-busy.ts";
import { LiveUpstream } from "../../src/route/live-upstream.ts";
import { deferred } from "../pool/deferred.ts";

/** Remembers all that it is told, in order; takes everything unless told to pause. */
class MemorySink implements Sink {
  readonly calls: string[] = [];
  readonly chunks: Buffer[] = [];
  status: number | null = null;
  headers: Readonly<Record<string, string | string[]>> = {};
  error: Error | null = null;
  paused = false;
  onData: () => void = () => {};
  #wake: (() => void) | null = null;

  start(status: number, headers: Readonly<Record<string, string | string[]>>): void {
    this.calls.push("start");
    this.status = status;
    this.headers = headers;
  }
  data(chunk: Buffer): boolean {
    this.calls.push("data");
    this.chunks.push(chunk);
    this.onData();
    return !this.paused;
  }
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
  resume(): void {
    this.paused = false;
    this.#wake?.();
  }
  end(): void {
    this.calls.push("end");
  }
  fail(error: Error): void {
    this.calls.push("fail");
    this.error = error;
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

const post = (body = "{}"): UpstreamRequest => ({
  method: "POST",
  path: "/v1/chat/completions",
  headers: { "content-type": "application/json" },
  body: Buffer.from(body),
});

const budget = new RetryBudget(1, performance.now());
let directory: string;
let servers: Server[];
let connections: Connections;
let admission: Admission;
let starts: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "corral-test-"));
  servers = [];
  starts = 0;
  connections = new Connections();
  admission = new Admission({ policy: leastBusy, limit: 50 });
});

afterEach(async () => {
  await connections.destroyAll();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await rm(directory, { recursive: true, force: true });
});

/** An upstream whose worker is this listener. */
async function serve(listener: RequestListener, slots = 2): Promise<LiveUpstream> {
  const upstream = unserved(slots);
  const server = createServer(listener);
  servers.push(server);
  if (upstream.endpoint.kind === "unix") server.listen(upstream.endpoint.socketPath);
  await once(server, "listening");
  return upstream;
}

/** An upstream that nobody listens for. */
function unserved(slots = 2): LiveUpstream {
  const start = starts++;
  const socketPath = join(directory, `${start}.sock`);
  const upstream = new LiveUpstream({
    id: `m#0.${start}`,
    endpoint: { kind: "unix", socketPath, key: "worker-key" },
    slots,
  });
  admission.add(upstream);
  return upstream;
}

function run(request: UpstreamRequest, sink: Sink, signal?: AbortSignal): Promise<ExchangeFacts> {
  return exchange(request, sink, { gate: admission, budget, connections, tokensPerByte: 0.25, signal });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function loading(response: ServerResponse): void {
  response.writeHead(503, { "content-type": "application/json" });
  response.end('{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}');
}

describe("exchange", () => {
  it("passes request and answer on, with the worker's key and without what is not the worker's to say", async () => {
    let seen: Record<string, unknown> = {};
    const upstream = await serve(async (request, response) => {
      seen = { url: request.url, method: request.method, body: await bodyOf(request), headers: request.headers };
      response.writeHead(200, {
        "content-type": "text/plain",
        server: "llama.cpp",
        "access-control-allow-origin": "*",
      });
      response.end("answer");
    });
    const sink = new MemorySink();
    const request = {
      ...post('{"a":1}'),
      headers: { "content-type": "application/json", authorization: "Bearer mine" },
    };
    const facts = await run(request, sink);
    expect(seen).toMatchObject({
      url: "/v1/chat/completions",
      method: "POST",
      body: '{"a":1}',
      headers: { authorization: "Bearer worker-key", "content-length": "7", host: "worker" },
    });
    expect(sink.calls).toEqual(["start", "data", "end"]);
    expect([sink.status, sink.text]).toEqual([200, "answer"]);
    expect(Object.keys(sink.headers).toSorted()).toEqual(["content-type", "date"]);
    expect(facts).toMatchObject({
      outcome: "answered",
      upstream: upstream.id,
      attempts: 1,
      status: 200,
      bytes: 6,
      error: null,
    });
    expect(facts.firstByteMs).toBeLessThanOrEqual(facts.totalMs);
    expect([upstream.inFlight, upstream.served]).toEqual([0, 1]);
  });

  it("passes GET without a body, over TCP too", async () => {
    const server = createServer((request, response) => response.end(`${request.method} ${request.url}`));
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    admission.add(
      new LiveUpstream({ id: "tcp", endpoint: { kind: "tcp", host: "127.0.0.1", port, key: "k" }, slots: 1 }),
    );
    const sink = new MemorySink();
    await run({ method: "GET", path: "/props?x=1", headers: {}, body: null }, sink);
    expect(sink.text).toBe("GET /props?x=1");
  });

  it("uses a connection once, since llama-server may close it after an answer without a word", async () => {
    const sockets = new Set<Socket>();
    const asked: (string | undefined)[] = [];
    await serve((request, response) => {
      sockets.add(request.socket);
      asked.push(request.headers.connection);
      response.write("x");
      response.end(() => request.socket.destroy());
    });
    const outcomes: string[] = [];
    for (let i = 0; i < 20; i++) outcomes.push((await run(post(), new MemorySink())).outcome);
    expect(new Set(outcomes)).toEqual(new Set(["answered"]));
    expect([sockets.size, new Set(asked)]).toEqual([20, new Set(["close"])]);
  });

  it("passes an engine's error on as the answer that it is", async () => {
    await serve((_, response) => {
      response.writeHead(400);
      response.end('{"error":{"message":"no"}}');
    });
    const sink = new MemorySink();
    expect(await run(post(), sink)).toMatchObject({ outcome: "answered", status: 400 });
    expect(sink.calls).toEqual(["start", "data", "end"]);
  });

  it("reads no more than the sink takes, and does not blame the worker for that", async () => {
    const piece = Buffer.alloc(64 * 1024, "x");
    const pieces = 400;
    const upstream = await serve(async (_, response) => {
      for (let i = 0; i < pieces; i++) if (!response.write(piece)) await once(response, "drain");
      response.end();
    });
    const sink = new MemorySink();
    sink.paused = true;
    const firstChunk = new Promise<void>((resolve) => {
      sink.onData = resolve;
    });
    const result = run(post(), sink);
    await firstChunk;
    const before = performance.now();
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(sink.chunks.length).toBe(1);
    expect(upstream.lastProgressAt).toBeGreaterThan(before);
    sink.resume();
    expect(await result).toMatchObject({ outcome: "answered", bytes: pieces * piece.length });
    expect(sink.text.length).toBe(pieces * piece.length);
  });

  it("closes the connection to the worker when the caller goes, in the middle of a stream", async () => {
    const closed = deferred();
    const upstream = await serve((request, response) => {
      request.socket.once("close", () => closed.resolve());
      response.write("data: one\n\n");
    });
    const sink = new MemorySink();
    const client = new AbortController();
    const reason = new Error("client gone");
    sink.onData = () => client.abort(reason);
    const facts = await run(post(), sink, client.signal);
    expect(facts).toMatchObject({ outcome: "aborted", error: reason, status: 200 });
    expect(sink.calls).toEqual(["start", "data", "fail"]);
    expect(sink.error).toBe(reason);
    expect(upstream.inFlight).toBe(0);
    await closed.promise;
  });

  it("closes the connection when the caller goes before the answer has begun", async () => {
    const arrived = deferred();
    const closed = deferred();
    const upstream = await serve((request) => {
      request.socket.once("close", () => closed.resolve());
      arrived.resolve();
    });
    const client = new AbortController();
    const result = run(post(), new MemorySink(), client.signal);
    await arrived.promise;
    client.abort();
    expect(await result).toMatchObject({ outcome: "aborted", status: null });
    await closed.promise;
    expect(upstream.inFlight).toBe(0);
  });

  it("sends nothing for a caller that has gone already, or goes while it waits", async () => {
    let requests = 0;
    const hold = deferred();
    await serve(async (_, response) => {
      requests += 1;
      await hold.promise;
      response.end("x");
    }, 1);
    const client = new AbortController();
    const first = run(post(), new MemorySink());
    const sink = new MemorySink();
    const waiting = run(post(), sink, client.signal);
    client.abort();
    expect(await waiting).toMatchObject({ outcome: "aborted", attempts: 0, upstream: null });
    expect(await run(post(), new MemorySink(), client.signal)).toMatchObject({ outcome: "aborted" });
    expect(sink.calls).toEqual(["fail"]);
    hold.resolve();
    await first;
    expect(requests).toBe(1);
  });

  it("says that the worker was lost, and how far it had come, when it dies in the middle", async () => {
    const upstream = await serve((request, response) => {
      response.write("12345");
      setImmediate(() => request.socket.destroy());
    });
    const sink = new MemorySink();
    const facts = await run(post(), sink);
    expect(facts).toMatchObject({ outcome: "lost", attempts: 1, status: 200, bytes: 5 });
    expect(sink.calls).toEqual(["start", "data", "fail"]);
    expect(sink.error).toBeInstanceOf(CorralError);
    expect(sink.error).toMatchObject({
      code: "CORRAL_WORKER_LOST",
      facts: { upstream: upstream.id, started: true, bytes: 5 },
    });
    expect((sink.error as CorralError).cause).toBeInstanceOf(Error);
    expect(upstream.inFlight).toBe(0);
  });

  it("keeps a request that its worker may have died of from the others", async () => {
    const upstream = await serve((request) => {
      request.socket.destroy();
      request.socket.once("close", () => upstream.cut({ cause: "crashed", error: new Error("SIGSEGV") }));
    });
    const culprits = new Fingerprints(60_000);
    const quarantine = new Quarantine({ admission, culprits, readmit: () => {}, seek: () => {} });
    const passage = quarantine.enter(post());
    const sink = new MemorySink();
    const result = exchange(post(), sink, { gate: passage, budget, connections, tokensPerByte: 0.25 });
    await expect.poll(() => quarantine.suspects).toBe(1);
    await serve((_, response) => response.end("not for it"));
    const ended = new Error("over");
    quarantine.end(ended);
    expect(await result).toMatchObject({ outcome: "refused", attempts: 1, error: ended });
  });

  it("sends a request again when its worker was killed from outside before anything came back", async () => {
    const upstream = await serve((request) => {
      request.socket.destroy();
      request.socket.once("close", () => upstream.cut({ cause: "killed", error: new Error("SIGKILL") }));
    });
    const other = await serve((_, response) => response.end("hello"));
    const sink = new MemorySink();
    expect(await run(post(), sink)).toMatchObject({ outcome: "answered", attempts: 2, upstream: other.id });
    expect(sink.text).toBe("hello");
    expect(upstream.inFlight).toBe(0);
  });

  it("leaves a worker that broke a connection and has not died", async () => {
    await serve((request) => request.socket.destroy());
    const other = await serve((_, response) => response.end("hello"));
    const sink = new MemorySink();
    expect(await run(post(), sink)).toMatchObject({ outcome: "answered", attempts: 2, upstream: other.id });
  });

  it("takes an answer that is not HTTP for the loss of the worker", async () => {
    const upstream = unserved();
    const server = createNetServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("what?\r\n\r\n"));
    });
    server.listen(upstream.endpoint.kind === "unix" ? upstream.endpoint.socketPath : 0);
    await once(server, "listening");
    expect(await run(post(), new MemorySink())).toMatchObject({ outcome: "lost", attempts: 5 });
    server.close();
  });

  it("goes elsewhere when no connection can be made", async () => {
    const dead = unserved(8);
    const live = await serve((_, response) => response.end("here"), 1);
    const sink = new MemorySink();
    expect(await run(post(), sink)).toMatchObject({ outcome: "answered", attempts: 2, upstream: live.id });
    expect([sink.text, dead.inFlight, dead.served]).toEqual(["here", 0, 0]);
  });

  it("waits for the worker that takes a dead one's place", async () => {
    const dead = unserved();
    const sink = new MemorySink();
    const result = run(post(), sink);
    admission.eject(dead.id);
    await serve((_, response) => response.end("replacement"));
    expect((await result).outcome).toBe("answered");
    expect(sink.text).toBe("replacement");
  });

  it("gives up after five attempts to connect", async () => {
    unserved();
    const sink = new MemorySink();
    expect(await run(post(), sink)).toMatchObject({ outcome: "refused", attempts: 5 });
    expect(sink.error).toMatchObject({ code: "CORRAL_WORKER_LOST", facts: { started: false } });
  });

  it("goes elsewhere when a worker is still loading, and the caller sees nothing of it", async () => {
    await serve((_, response) => loading(response), 8);
    const live = await serve((_, response) => response.end("loaded"), 1);
    const sink = new MemorySink();
    expect(await run(post(), sink)).toMatchObject({ outcome: "answered", attempts: 2, upstream: live.id });
    expect(sink.calls).toEqual(["start", "data", "end"]);
  });

  it.each([
    ["short", '{"error":{"message":"no slot available"}}'],
    ["long", `{"error":{"message":"${"x".repeat(5_000)}"}}`],
    ["empty", ""],
  ])("passes every other 503 on (%s)", async (_name, body) => {
    await serve((_, response) => {
      response.writeHead(503);
      response.end(body);
    });
    const sink = new MemorySink();
    expect(await run(post(), sink)).toMatchObject({ outcome: "answered", attempts: 1, status: 503 });
    expect(sink.text).toBe(body);
  });

  it("ends what is in flight with the error of whoever cuts the worker off, and closes the connection", async () => {
    const arrived = deferred();
    const closed = deferred();
    const upstream = await serve((request) => {
      request.socket.once("close", () => closed.resolve());
      arrived.resolve();
    });
    const sink = new MemorySink();
    const result = run(post(), sink);
    await arrived.promise;
    const closing = new CorralError("CORRAL_POOL_CLOSED", "the pool is closed; open another");
    upstream.cut({ cause: "closed", error: closing });
    expect(await result).toMatchObject({ outcome: "lost", error: closing });
    await closed.promise;
  });

  it.each([
    ["path", { ...post(), path: "/a b" }],
    ["header", { ...post(), headers: { "x-a": "line\nbreak" } }],
  ])("refuses a malformed %s without a second try", async (_name, request) => {
    let requests = 0;
    await serve((_, response) => {
      requests += 1;
      response.end();
    });
    const sink = new MemorySink();
    expect(await run(request, sink)).toMatchObject({ outcome: "refused", attempts: 1 });
    expect(sink.error).toMatchObject({ code: "CORRAL_REQUEST_INVALID" });
    expect(requests).toBe(0);
  });

  it("reports a full queue through the sink", async () => {
    admission = new Admission({ policy: leastBusy, limit: 0 });
    const sink = new MemorySink();
    expect(await run(post(), sink)).toMatchObject({ outcome: "refused", attempts: 0, upstream: null });
    expect(sink.error).toMatchObject({ code: "CORRAL_QUEUE_FULL" });
  });

  it("counts tokens from the end of the answer, however it is cut into pieces", async () => {
    const answer = 'data: {"choices":[],"timings":{"cache_n":1,"prompt_n":2,"predicted_n":3}}\n\ndata: [DONE]\n\n';
    await serve((_, response) => {
      response.write(answer.slice(0, 70));
      response.write(answer.slice(70, 80));
      response.end(answer.slice(80));
    });
    const facts = await run(post(), new MemorySink());
    expect(facts.tokens).toEqual({ prompt: 3, cached: 1, completion: 3 });
  });

  it("frees every slot, whatever happens to 64 requests at once", async () => {
    let count = 0;
    const upstream = await serve((request, response) => {
      const which = count++ % 4;
      if (which === 0) response.end("fine");
      else if (which === 1) request.socket.destroy();
      else if (which === 2) response.write("half", () => request.socket.destroy());
      else response.write("then silence");
    }, 16);
    admission = new Admission({ policy: leastBusy, limit: 500 });
    admission.add(upstream);
    const results = await Promise.all(
      Array.from({ length: 64 }, () => {
        const sink = new MemorySink();
        const client = new AbortController();
        sink.onData = () => {
          if (sink.text === "then silence") client.abort();
        };
        return run(post(), sink, client.signal).then((facts) => ({ facts, sink }));
      }),
    );
    const outcomes = results.map(({ facts }) => facts.outcome);
    expect(new Set(outcomes)).toEqual(new Set(["answered", "aborted", "lost"]));
    for (const { sink } of results) {
      expect(sink.calls.filter((call) => call === "end" || call === "fail").length).toBe(1);
    }
    expect([upstream.inFlight, admission.size]).toEqual([0, 0]);
  });
});
