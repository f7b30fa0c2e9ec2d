import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { createPool } from "../../src/pool.ts";
import type { Pool } from "../../src/pool-types.ts";
import { fakeEngine } from "../fixtures/fake-engine.ts";
import { type OpenGateway, openGateway } from "../fixtures/gateway-kit.ts";

/** The SDK as it comes, against the gateway: first on workers that can be ordered to fail, then on the real engine. */
const ENGINES: [name: string, engine: Engine | undefined][] = [
  ["a fake engine", fakeEngine()],
  ["llama-server and the echo model", undefined],
];

describe.each(ENGINES)("%s", (_name, engine) => {
  let pool: Pool;
  let front: OpenGateway;
  let client: OpenAI;
  beforeAll(async () => {
    pool = await createPool({ model: "echo", workers: 1, slots: 2 }, { engine });
    front = await openGateway([pool], { apiKeys: ["sesame"] });
    client = new OpenAI({ baseURL: `${front.url}/v1`, apiKey: "sesame", maxRetries: 0 });
  });
  afterAll(async () => {
    await front?.gateway.destroy();
    await pool?.destroy();
  });

  const content = "pack my box with five dozen liquor jugs";
  const messages = [{ role: "user" as const, content }];

  test("a chat", async () => {
    const answer = await client.chat.completions.create({ model: "echo", messages });
    expect(answer.choices[0]?.message.content).toBe(content);
    expect(answer.usage?.completion_tokens).toBeGreaterThan(0);
  });

  test("a streamed chat, with usage", async () => {
    const stream = await client.chat.completions.create({
      model: "echo",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let tokens = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    expect(text).toBe(content);
    expect(tokens).toBeGreaterThan(0);
  });

  test("a stream that is aborted frees its slot", async () => {
    const stream = await client.chat.completions.create({ model: "echo", messages, stream: true });
    for await (const _chunk of stream) stream.controller.abort();
    while (pool.stats().slots.busy > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(pool.stats().restarts).toBe(0);
  });

  test("the list of models, and one of it", async () => {
    const models = await client.models.list();
    expect(models.data.map(({ id, object, owned_by }) => ({ id, object, owned_by }))).toEqual([
      { id: "echo", object: "model", owned_by: "corral" },
    ]);
    expect((await client.models.retrieve("echo")).id).toBe("echo");
    await expect(client.models.retrieve("other")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  test("an unknown model, a wrong type and a wrong key are the SDK's own errors", async () => {
    const create = (body: object, by = client) =>
      by.chat.completions.create({ model: "echo", messages, ...body } as OpenAI.ChatCompletionCreateParamsNonStreaming);
    await expect(create({ model: "gpt-4" })).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
      param: "model",
    });
    await expect(create({ messages: "hi" })).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    const stranger = new OpenAI({ baseURL: `${front.url}/v1`, apiKey: "wrong", maxRetries: 0 });
    await expect(create({}, stranger)).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });

  test("every answer carries a request id", async () => {
    const { request_id } = await client.chat.completions.create({ model: "echo", messages }).withResponse();
    expect(request_id).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("what only the real engine answers", () => {
  let pool: Pool;
  let front: OpenGateway;
  let client: OpenAI;
  beforeAll(async () => {
    pool = await createPool({ model: "echo", workers: 1, slots: 1 });
    front = await openGateway([pool]);
    client = new OpenAI({ baseURL: `${front.url}/v1`, apiKey: "none", maxRetries: 0 });
  });
  afterAll(async () => {
    await front?.gateway.destroy();
    await pool?.destroy();
  });

  test("embeddings, which a chat model does not give, are an error of the worker's", async () => {
    const attempt = client.embeddings.create({ model: "echo", input: "hi" });
    await expect(attempt).rejects.toMatchObject({ status: 501, type: "not_supported_error" });
    await expect(attempt).rejects.toBeInstanceOf(OpenAI.APIError);
    const error = await attempt.catch((reason: InstanceType<typeof OpenAI.APIError>) => reason);
    expect((error as { headers: Headers }).headers.get("x-corral-error-source")).toBe("worker");
  });

  test("a response", async () => {
    const response = await client.responses.create({ model: "echo", input: "waltz nymph for quick jigs" });
    expect(response.output_text).toBe("waltz nymph for quick jigs");
  });

  test("a completion", async () => {
    const { choices } = await client.completions.create({
      model: "echo",
      prompt: "<|user|>sphinx of black quartz<|end|><|assistant|>",
    });
    expect(choices[0]?.text).toBe("sphinx of black quartz");
  });
});

describe("what only a fake engine does on order", () => {
  let pool: Pool;
  let front: OpenGateway;
  let client: OpenAI;
  beforeAll(async () => {
    pool = await createPool({ name: "fake", workers: 1, slots: 1, queueLimit: 1 }, { engine: fakeEngine() });
    front = await openGateway([pool]);
    client = new OpenAI({ baseURL: `${front.url}/v1`, apiKey: "none", maxRetries: 0 });
  });
  afterAll(async () => {
    await front?.gateway.destroy();
    await pool?.destroy();
  });

  const say = (content: string) => ({ model: "fake", messages: [{ role: "user" as const, content }] });

  test("embeddings", async () => {
    const { data } = await client.embeddings.create({ model: "fake", input: ["a", "bcd"], encoding_format: "float" });
    expect(data.map(({ embedding }) => embedding[0])).toEqual([1, 3]);
  });

  test("a stream whose worker dies goes on, and throws behind what came where it may not", async () => {
    const read = async (headers: Record<string, string>): Promise<{ text: string; error: unknown }> => {
      const stream = await client.chat.completions.create({ ...say("one two !close 2"), stream: true }, { headers });
      let text = "";
      try {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
        return { text, error: null };
      } catch (error) {
        return { text, error };
      }
    };
    expect(await read({})).toEqual({ text: "one two !close 2", error: null });
    const { text, error } = await read({ "x-corral-continue": "off" });
    expect(error).toMatchObject({ code: "stream_not_continuable", type: "server_error" });
    // The last piece may have died with the worker.
    expect(["one", "one two"]).toContain(text);
  });

  test("a full queue is the SDK's rate limit, and says when to come back", async () => {
    const busy = await client.chat.completions.create({ ...say(`${"word ".repeat(20)}!pace 20`), stream: true });
    const waiting = client.chat.completions.create(say("waits"));
    while (pool.stats().queued < 1) await new Promise((resolve) => setImmediate(resolve));
    const refused = await client.chat.completions.create(say("too many")).catch((error) => error);
    expect(refused).toBeInstanceOf(OpenAI.RateLimitError);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    for await (const _chunk of busy);
    expect((await waiting).choices[0]?.message.content).toBe("waits");
  });
});
