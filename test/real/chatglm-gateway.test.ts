import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeRandomChatglm } from "../../src/model/chatglm/random.ts";
import { writeScriptedChatglm } from "../../src/model/chatglm/scripted.ts";
import { createPool } from "../../src/pool.ts";
import type { Pool } from "../../src/pool-types.ts";
import { type OpenGateway, openGateway } from "../fixtures/gateway-kit.ts";
import { newDir, removeDirs } from "./worker-kit.ts";

/** The SDK as it comes, through the gateway, on chatglm-server with every type of model. */
const ALPHABET = "abcdefghijklmnopqrstuvwxyz";

describe.each([1, 2, 3, 4] as const)("a model of type %i", (type) => {
  const pools: Pool[] = [];
  let front: OpenGateway;
  let client: OpenAI;

  beforeAll(async () => {
    const dir = newDir();
    const files = { scripted: join(dir, "scripted.bin"), random: join(dir, "random.bin") };
    await writeScriptedChatglm(files.scripted, { type, script: "alphabet" });
    await writeRandomChatglm(files.random, { type, shape: "tiny", quantisation: "f16", seed: 1 });
    for (const model of Object.values(files)) {
      pools.push(await createPool({ model, engine: "chatglm", workers: 1, threads: 1 }));
    }
    front = await openGateway(pools, { apiKeys: ["sesame"] });
    client = new OpenAI({ baseURL: `${front.url}/v1`, apiKey: "sesame", maxRetries: 0 });
  });
  afterAll(async () => {
    await front?.gateway.destroy();
    await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
    removeDirs();
  });

  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "go on" }];
  const ask = (model: string, more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}) =>
    client.chat.completions.create({ model, messages, temperature: 0, ...more });

  test("a chat, with usage", async () => {
    const { choices, usage } = await ask("scripted");
    expect(choices[0]).toMatchObject({ finish_reason: "stop", message: { role: "assistant", content: ALPHABET } });
    expect(usage?.completion_tokens).toBe(27);
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + 27);
  });

  test("a stream says the same, and ends with usage", async () => {
    const stream = await client.chat.completions.create({
      ...{ model: "scripted", messages, temperature: 0 },
      stream: true,
      stream_options: { include_usage: true },
    });
    const pieces: string[] = [];
    let tokens = 0;
    for await (const { choices, usage } of stream) {
      if (choices[0]?.delta.content) pieces.push(choices[0].delta.content);
      tokens = usage?.completion_tokens ?? tokens;
    }
    expect(pieces.join("")).toBe(ALPHABET);
    expect(pieces.length).toBeGreaterThan(13);
    expect(tokens).toBe(27);
  });

  test("stop strings and max_tokens", async () => {
    const stopped = await ask("scripted", { stop: ["zzz", "fgh"] });
    expect(stopped.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "abcde" } });
    const cut = await ask("scripted", { max_tokens: 5 });
    expect(cut.choices[0]).toMatchObject({ finish_reason: "length", message: { content: "abcde" } });
  });

  test("a seed repeats an answer, another one gives another", async () => {
    const say = async (seed: number) =>
      (await ask("random", { temperature: 2, seed, max_tokens: 40 })).choices[0]?.message.content;
    const [first, again, other] = [await say(7), await say(7), await say(8)];
    expect(first).not.toBe("");
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test("unicode goes in and comes out whole", async () => {
    const text = "你好，世界 🌍 naïve — русский";
    const chat = {
      model: "random",
      messages: [{ role: "user" as const, content: text }],
      max_tokens: 60,
      temperature: 1.5,
    };
    const plain = await client.chat.completions.create({ ...chat, seed: 3 });
    let streamed = "";
    for await (const { choices } of await client.chat.completions.create({ ...chat, seed: 3, stream: true })) {
      streamed += choices[0]?.delta.content ?? "";
    }
    expect(streamed).toBe(plain.choices[0]?.message.content);
    const tokens = await post("/tokenize", { content: text });
    expect(await post("/detokenize", tokens)).toEqual({ content: text });
  });

  test("a tool's answer is read where the model knows tools, and refused where it does not", async () => {
    const call = { id: "call_1", type: "function" as const, function: { name: "sum", arguments: '{"a":1}' } };
    const chat = ask("scripted", {
      messages: [
        { role: "user", content: "1 + 1" },
        { role: "assistant", content: null, tool_calls: [call] },
        { role: "tool", tool_call_id: "call_1", content: "2" },
      ],
    });
    if (type >= 3) expect((await chat).choices[0]?.message.content).toBe(ALPHABET);
    else await expect(chat).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  });

  test("more than the context is a clear refusal", async () => {
    const chat = ask("scripted", { messages: [{ role: "user", content: "seven words ".repeat(4000) }] });
    await expect(chat).rejects.toMatchObject({ status: 400, type: "exceed_context_size_error" });
  });

  async function post(path: string, body: unknown): Promise<unknown> {
    const response = await pools[1]?.request({ path, body: body as object });
    return response?.json();
  }
});

describe("which engine serves", () => {
  test("a file that can be converted is served by llama-server, word for word as chatglm-server does", async () => {
    const dir = newDir();
    const model = join(dir, "scripted.bin");
    await writeScriptedChatglm(model, { type: 3, script: "alphabet" });
    const pool = await createPool({ model, workers: 1, threads: 1 }, { cacheDir: dir });
    try {
      expect(pool.plan?.engine).toMatchObject({ name: "llama", why: expect.stringMatching(/^converted to GGUF/) });
      const { choices } = await pool.chat({ messages: [{ role: "user", content: "go on" }], temperature: 0 });
      expect(choices[0]?.message.content).toBe(ALPHABET);
    } finally {
      await pool.destroy();
      removeDirs();
    }
  });
});
