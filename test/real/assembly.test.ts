import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Pool, RequestEvent } from "../../src/index.ts";
import { writeScriptedChatglm } from "../../src/model/chatglm/scripted.ts";
import { ResponseSink } from "../../src/pool/response.ts";
import { createPool } from "../../src/pool.ts";
import { REASONING_TEMPLATE } from "../fixtures/reasoning-template.ts";
import { newDir, removeDirs } from "./worker-kit.ts";

/** The same request, to a worker as it is and through the pool, which streams it inside and puts it together. */
afterAll(removeDirs);

interface Answered {
  readonly status: number;
  readonly headers: readonly string[];
  readonly json: unknown;
}

/** Past the pool. */
async function direct(pool: Pool, path: string, body: object): Promise<Answered> {
  const args = readFileSync(`/proc/${pool.stats().workers[0]?.pid}/cmdline`, "utf8").split("\0");
  const flag = (name: string): string => args[args.indexOf(name) + 1] ?? "";
  const dispatcher = new Agent({ connect: { socketPath: flag("--host") } });
  const key = readFileSync(flag("--api-key-file"), "utf8").trim();
  const answer = await request(`http://worker${path}`, {
    dispatcher,
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const json = masked(await answer.body.json());
  await dispatcher.close();
  return { status: answer.statusCode, headers: namesOf(answer.headers), json };
}

async function through(pool: Pool, path: string, body: object): Promise<Answered & { readonly assembled: boolean }> {
  const over = new Promise<RequestEvent>((resolve) => pool.once("request", resolve));
  const sink = new ResponseSink(() => {});
  const headers = { "content-type": "application/json" };
  void pool.exchange({ method: "POST", path, headers, body: Buffer.from(JSON.stringify(body)) }, sink);
  const response = await sink.response();
  const json = masked(await response.json());
  const { assembled } = await over;
  return { status: response.status, headers: namesOf(response.headers), json, assembled };
}

/** Connections are not the client's business, and cross-origin rules are the gateway's. */
const namesOf = (headers: object): string[] =>
  Object.entries(headers)
    .filter(([name]) => !/^(access-control-.*|server|connection|keep-alive|transfer-encoding)$/.test(name))
    .map(([name, value]) => (name === "content-type" ? `${name}: ${value}` : name))
    .toSorted();

/** What differs from one run to the next: ids, and how long things took. */
function masked(value: unknown, key = ""): unknown {
  if (key === "id" || key === "created" || /_(ms|per_second)$/.test(key)) return typeof value;
  if (Array.isArray(value)) return value.map((item) => masked(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, masked(item, name)]));
}

const CHAT = "/v1/chat/completions";
const TEXT = "/v1/completions";
const say = (content: string): object => ({
  messages: [{ role: "user", content }],
  temperature: 0,
  cache_prompt: false,
});
const prompt = (content: string): string => `<|user|>${content}<|end|><|assistant|>`;
const complete = (content: unknown): object => ({ prompt: content, temperature: 0, cache_prompt: false });
const tools = [
  { type: "function", function: { name: "f", parameters: { type: "object", properties: { a: { type: "string" } } } } },
];

const CALL = '<tool_call>{"name": "f", "arguments": {"a": "xyz"}}</tool_call>';

describe("llama-server", () => {
  let pool: Pool;
  beforeAll(async () => {
    const args = ["--chat-template", REASONING_TEMPLATE, "--reasoning-format", "deepseek"];
    pool = await createPool({ workers: 1, threads: 1, slots: 2, context: 2048, args });
  });
  afterAll(() => pool?.destroy());

  it.each<[name: string, path: string, body: object]>([
    ["a chat", CHAT, say("Hello, world!")],
    ["Chinese and emoji", CHAT, say("你好，世界 🙂🚀")],
    ["a limit", CHAT, { ...say("Hello, world!"), max_tokens: 5 }],
    ["a limit of nothing", CHAT, { ...say("Hello"), max_tokens: 0 }],
    ["a stop", CHAT, { ...say("one two three"), stop: ["two"] }],
    ["several answers", CHAT, { ...say("one two"), n: 2 }],
    [
      "an answer that was begun",
      CHAT,
      {
        ...say("x"),
        messages: [
          { role: "user", content: "abcdef" },
          { role: "assistant", content: "abc" },
        ],
      },
    ],
    ["reasoning", CHAT, say("<think>hm so</think>yes it is")],
    ["tools that are not used", CHAT, { ...say("plain words"), tools }],
    ["a tool call", CHAT, { ...say(CALL), tools }],
    ["words and a tool call", CHAT, { ...say(`let me see ${CALL}`), tools }],
    ["a schema", CHAT, { ...say('{"a":1}'), response_format: { type: "json_object" } }],
    ["what a stream tells of each token", CHAT, { ...say("abc"), timings_per_token: true, return_progress: true }],
    ["stream: null", CHAT, { ...say("abc"), stream: null, stream_options: null }],
    ["a completion", TEXT, complete(prompt("Hello"))],
    ["a completion of tokens", TEXT, { ...complete([70, 71, 72]), max_tokens: 4 }],
    ["several prompts", TEXT, complete([prompt("one"), prompt("two")])],
    ["a completion with a stop", TEXT, { ...complete(prompt("one two three")), stop: "tw" }],
    ["an error before the first token", CHAT, say("x".repeat(3_000))],
    ["an error of the request", CHAT, { ...say("x"), max_tokens: -5 }],
  ])("is put together as it answers: %s", async (_name, path, body) => {
    const { assembled, ...answer } = await through(pool, path, body);
    expect(answer).toEqual(await direct(pool, path, body));
    expect(assembled).toBe(true);
  });

  it("has reasoned and called in these tests", async () => {
    const { json: reasoned } = await through(pool, CHAT, say("<think>hm so</think>yes it is"));
    expect(reasoned).toMatchObject({ choices: [{ message: { reasoning_content: "hm so", content: "yes it is" } }] });
    const { json: called } = await through(pool, CHAT, { ...say(CALL), tools });
    const call = { function: { name: "f", arguments: '{"a": "xyz"}' } };
    expect(called).toMatchObject({ choices: [{ finish_reason: "tool_calls", message: { tool_calls: [call] } }] });
  });

  it.each<[name: string, path: string, body: object]>([
    ["probabilities", CHAT, { ...say("abc"), logprobs: true, top_logprobs: 2 }],
    ["probabilities of a completion", TEXT, { ...complete(prompt("abc")), logprobs: 2 }],
    ["n_probs", CHAT, { ...say("abc"), n_probs: 1 }],
    ["more than a stream tells", CHAT, { ...say("abc"), verbose: true }],
  ])("passes on as it is what no stream tells: %s", async (_name, path, body) => {
    const { assembled, ...answer } = await through(pool, path, body);
    expect(without(answer)).toEqual(without(await direct(pool, path, body)));
    expect(assembled).toBe(false);
  });
});

/** The slot that it ran in may be another. */
function without({ json, ...answer }: Answered): unknown {
  return { ...answer, json: JSON.stringify(json).replace(/"id_slot":\d+/, "") };
}

describe("chatglm-server", () => {
  let pool: Pool;
  beforeAll(async () => {
    const model = join(newDir(), "alphabet.bin");
    await writeScriptedChatglm(model, { type: 3, script: "alphabet" });
    pool = await createPool({ engine: "chatglm", model, workers: 1, threads: 1 });
  });
  afterAll(() => pool?.destroy());

  it.each<[name: string, path: string, body: object]>([
    ["a chat", CHAT, say("go on")],
    ["a limit", CHAT, { ...say("go on"), max_tokens: 5 }],
    ["a stop", CHAT, { ...say("go on"), stop: ["klm"] }],
    ["tools that are not used", CHAT, { ...say("go on"), tools }],
    [
      "an answer that was begun",
      CHAT,
      {
        ...say("x"),
        messages: [
          { role: "user", content: "go on" },
          { role: "assistant", content: "abc" },
        ],
      },
    ],
    ["a completion", TEXT, complete("abc")],
    ["an error", CHAT, { ...say("x"), n: 2 }],
    ["an error before the first token", CHAT, say("x".repeat(9_000))],
  ])("is put together as it answers: %s", async (_name, path, body) => {
    const { assembled, ...answer } = await through(pool, path, body);
    expect(answer).toEqual(await direct(pool, path, body));
    expect(assembled).toBe(true);
  });
});
