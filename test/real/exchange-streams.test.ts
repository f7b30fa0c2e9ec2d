import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ResponseSink } from "../../src/pool/response.ts";
import { Connections } from "../../src/proxy/connections.ts";
import { exchange } from "../../src/proxy/exchange.ts";
import type { ExchangeFacts } from "../../src/proxy/facts.ts";
import { RetryBudget } from "../../src/proxy/retry-budget.ts";
import { Admission } from "../../src/route/admission.ts";
import { leastBusy } from "../../src/route/least-busy.ts";
import { LiveUpstream } from "../../src/route/live-upstream.ts";
import { bytesOf, chunk, counted, piece, role, textPiece, usage } from "../proxy/stream-events.ts";

/** Streams of workers that break off, taken up by the next attempt; the workers are listeners in this process. */
interface Asked {
  readonly path: string;
  readonly body: Record<string, unknown>;
}
type Answer = (asked: Asked, response: ServerResponse) => void;

let directory: string;
let server: Server;
let connections: Connections;
let admission: Admission;
/** Of chats and completions, without those that count. */
let asked: Asked[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "corral-test-"));
  connections = new Connections();
  admission = new Admission({ policy: leastBusy, limit: 50 });
  asked = [];
});

afterEach(async () => {
  await connections.destroyAll();
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

/** A worker whose streams are these, one after the other; it counts what it is asked to count. */
async function serve(...answers: Answer[]): Promise<void> {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const bytes of request) chunks.push(bytes);
    const path = request.url ?? "";
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const json = (value: object): unknown => response.end(JSON.stringify(value));
    if (path === "/tokenize") return json({ tokens: [1, 2] });
    if (path === "/apply-template") return json({ prompt: "<user>hi<assistant>" });
    if (body.n_predict === 1) return json({ usage: { prompt_tokens: 5 } });
    asked.push({ path, body });
    answers[asked.length - 1]?.({ path, body }, response);
  });
  const socketPath = join(directory, "worker.sock");
  server.listen(socketPath);
  await once(server, "listening");
  admission.add(new LiveUpstream({ id: "m#0.0", endpoint: { kind: "unix", socketPath, key: "k" }, slots: 1 }));
}

const head = { "content-type": "text/event-stream" };

/** Sends these and breaks the connection, when all of it is on its way. */
const breaks =
  (...events: (object | string)[]): Answer =>
  (_, response) =>
    response.writeHead(200, head).write(bytesOf(...events), () => response.socket?.end());

const ends =
  (...events: (object | string)[]): Answer =>
  (_, response) =>
    response.writeHead(200, head).end(bytesOf(...events));

const messages = [{ role: "user", content: "hi" }];

async function chat(
  body: object,
  signal?: AbortSignal,
): Promise<{ text: string; facts: ExchangeFacts; error: unknown }> {
  const sink = new ResponseSink(() => {});
  const request = { method: "POST", path: "/v1/chat/completions", headers: {} } as const;
  const bytes = Buffer.from(JSON.stringify({ messages, ...body }));
  const context = {
    gate: admission,
    budget: new RetryBudget(1, performance.now()),
    connections,
    tokensPerByte: 0.25,
    signal,
  };
  const result = exchange({ ...request, body: bytes }, sink, context);
  let text = "";
  let error: unknown = null;
  try {
    for await (const read of (await sink.response()).body) text += read;
  } catch (reason) {
    error = reason;
  }
  return { text, facts: await result, error };
}

const streamed = { stream: true, stream_options: { include_usage: true } };

describe("a stream that breaks off", () => {
  it("goes on from the last whole event, and half of one never goes out", async () => {
    const half = Buffer.from('data: {"choices":[{"index":0,"delta":{"content":"l');
    await serve(
      (_, response) => {
        response.writeHead(200, head).write(Buffer.concat([bytesOf(role, piece("He")), half]), () => {
          response.socket?.end();
        });
      },
      ends(role, piece("llo"), chunk({}, "stop"), counted(7, 2), "[DONE]"),
    );
    const { text, facts } = await chat({ ...streamed, max_tokens: 10 });
    const end = { ...counted(5, 4) };
    expect(text).toBe(bytesOf(role, piece("He"), chunkLike("llo"), chunkLike("", "stop"), end, "[DONE]").toString());
    expect(asked[1]?.body).toMatchObject({
      messages: [...messages, { role: "assistant", content: "He" }],
      max_tokens: 8,
      continue_final_message: true,
    });
    expect(facts).toMatchObject({ outcome: "answered", attempts: 2, continued: 1 });
    expect(facts.tokens).toEqual({ prompt: 5, cached: 0, completion: 4 });
  });

  it("is asked again whole where only the speaker was told", async () => {
    await serve(breaks(role), ends(role, piece("Hello"), chunk({}, "stop"), "[DONE]"));
    const { text, facts } = await chat(streamed);
    expect(text.match(/"role":/g)).toHaveLength(1);
    expect(text).toContain("Hello");
    expect(asked[1]?.body).toEqual({ messages, ...streamed });
    expect(facts).toMatchObject({ outcome: "answered", continued: 0 });
  });

  it("has broken off where it ends in good order without its end", async () => {
    await serve(ends(role, piece("He")), ends(role, piece("llo"), chunk({}, "stop"), "[DONE]"));
    expect((await chat(streamed)).facts).toMatchObject({ outcome: "answered", continued: 1 });
  });

  it("has not where only the connection broke, after its end", async () => {
    await serve(breaks(role, piece("He"), chunk({}, "stop"), "[DONE]"));
    expect((await chat(streamed)).facts).toMatchObject({ outcome: "answered", attempts: 1 });
    expect(asked).toHaveLength(1);
  });

  it("goes on as a completion where the engine takes no unfinished message", async () => {
    await serve(
      breaks(role, piece("He")),
      (_, response) => response.writeHead(400).end('{"error":{"message":"no prefill"}}'),
      ends(textPiece("llo"), { ...textPiece("", "stop"), usage: usage(7, 2) }, "[DONE]"),
    );
    const { text, facts } = await chat(streamed);
    expect(asked[2]).toMatchObject({ path: "/v1/completions", body: { prompt: "<user>hi<assistant>He" } });
    expect(facts).toMatchObject({ outcome: "answered", continued: 2 });
    expect(text).toBe(
      bytesOf(role, piece("He"), chunkLike("llo"), chunkLike("", "stop"), counted(5, 4), "[DONE]").toString(),
    );
  });

  it("ends with the engine's reason where it goes on in no way", async () => {
    const refuse: Answer = (_, response) => response.writeHead(400).end('{"error":{"message":"never"}}');
    await serve(breaks(role, piece("He")), refuse, refuse);
    const { error, facts } = await chat(streamed);
    expect(error).toMatchObject({
      code: "CORRAL_WORKER_LOST",
      facts: { code: "stream_not_continuable", reason: expect.stringContaining("never") },
    });
    expect(facts.outcome).toBe("lost");
  });

  it("ends where it can't go on exactly", async () => {
    const call = { index: 0, id: "x", type: "function", function: { name: "f" } };
    await serve(breaks(role, chunk({ tool_calls: [call] })));
    const { error } = await chat(streamed);
    expect(error).toMatchObject({ facts: { code: "stream_not_continuable", reason: "a tool call had begun" } });
  });
});

describe("a plain answer whose stream breaks off", () => {
  it("is continued, and put together from both parts", async () => {
    await serve(breaks(role, piece("He")), ends(role, piece("llo"), chunk({}, "stop"), counted(7, 2), "[DONE]"));
    const { text, facts } = await chat({});
    const message = { role: "assistant", content: "Hello" };
    expect(JSON.parse(text)).toMatchObject({ choices: [{ finish_reason: "stop", message }], usage: usage(5, 4) });
    expect(facts).toMatchObject({ outcome: "answered", assembled: true, continued: 1 });
  });

  it("is made anew where it can't be continued: nothing of it has gone out", async () => {
    await serve(breaks(role, piece("{")), ends(role, piece("{}"), chunk({}, "stop"), counted(5, 2), "[DONE]"));
    const { text, facts } = await chat({ response_format: { type: "json_object" } });
    expect(JSON.parse(text).choices[0].message.content).toBe("{}");
    expect(facts).toMatchObject({ outcome: "answered", attempts: 2, continued: 0 });
  });

  it("frees the worker's connection when the client leaves", async () => {
    const client = new AbortController();
    const closed = new Promise<void>((resolve) => {
      void serve((_, response) => {
        response.on("close", resolve);
        response.writeHead(200, head).write(bytesOf(role, piece("He")), () => client.abort());
      });
    });
    await once(server, "listening");
    expect((await chat({}, client.signal)).facts).toMatchObject({ outcome: "aborted", status: null });
    await closed;
  });
});

/** An event of the second worker, as it goes out. */
function chunkLike(content: string, finish: string | null = null): object {
  const { choices: _, ...around } = piece("") as Record<string, unknown>;
  const delta = content === "" ? {} : { content };
  return { choices: [{ index: 0, finish_reason: finish, delta }], ...around };
}
