import { afterEach, describe, expect, it } from "vitest";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import type { ChatChunk, ChatRequest, Pool, RequestEvent } from "../../src/index.ts";
import { createPool } from "../../src/pool.ts";
import { REASONING_TEMPLATE } from "../fixtures/reasoning-template.ts";
import { randomTexts } from "../pool/texts.ts";
import { replacementOf, until, workerEvent, zombies } from "./worker-kit.ts";

/** What a worker had begun, another one goes on with: text compared exactly, on the model that repeats the question. */
const pools: Pool[] = [];

async function created(options: PoolOptions = {}): Promise<Pool> {
  const pool = await createPool({ threads: 1, slots: 2, context: 2048, workers: 2, ...options });
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  expect(zombies()).toEqual([]);
});

const say = (content: string): ChatRequest => ({ messages: [{ role: "user", content }], temperature: 0, seed: 7 });

/** Kills the worker that has a request. @returns what resolves when another one serves in its place */
function killBusy(pool: Pool): Promise<unknown> {
  const victim = pool.stats().workers.find(({ inFlight }) => inFlight > 0);
  const whole = workerEvent(pool, replacementOf(victim?.id ?? ""));
  process.kill(victim?.pid ?? 0, "SIGKILL");
  return whole;
}

/** What is known of the next request that is over. */
function over(pool: Pool): Promise<RequestEvent> {
  return new Promise((resolve) => pool.once("request", resolve));
}

const [words = ""] = randomTexts(1, 240);
const chinese = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜金生丽水玉出昆冈";
const emoji = "🙂 🚀 naïve 🐪🦙 Ω≈ç ёжик 🎉🎈 ∑ 🧪 ünïcödé 🏔️ 🐢 ß 🍞 ½ 🪁 ♞ 🫖 ありがとう 🧭";

describe("a stream that is interrupted three times by three kills", () => {
  it.each([
    ["words", words],
    ["Chinese", chinese],
    ["emoji", emoji],
  ])("comes back exact, in one piece and with its usage right: %s", async (_name, text) => {
    const pool = await created();
    const request = { ...say(text), stream_options: { include_usage: true } };
    const undisturbed = (await pool.chat(say(text))).usage;
    const facts = over(pool);
    const chunks: ChatChunk[] = [];
    const told = (): string => chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
    const whole: Promise<unknown>[] = [];
    for await (const chunk of pool.chatStream(request)) {
      chunks.push(chunk);
      if (whole.length < 3 && told().length > ((whole.length + 1) * text.length) / 4) whole.push(killBusy(pool));
    }
    expect(told()).toBe(text);
    expect(whole.length).toBe(3);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    // llama-server leaves it out where the first token is less than a character.
    const roles = chunks.filter(({ choices }) => choices[0]?.delta.role !== undefined);
    expect(roles).toEqual(roles.length === 0 ? [] : [chunks[0]]);
    expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(["stop"]);
    const { prompt_tokens, completion_tokens, total_tokens } = undisturbed ?? {};
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens, completion_tokens, total_tokens });
    expect(await facts).toMatchObject({ outcome: "answered", continued: 3, tokens: { completion: completion_tokens } });
    await Promise.all(whole);
  });
});

it("goes on with reasoning, and with what follows it", async () => {
  const pool = await created({ args: ["--chat-template", REASONING_TEMPLATE, "--reasoning-format", "deepseek"] });
  const [thought = "", said = ""] = randomTexts(2, 150);
  const chunks: ChatChunk[] = [];
  const told = (field: "content" | "reasoning_content"): string =>
    chunks.map(({ choices }) => (choices[0]?.delta as Record<string, string>)?.[field] ?? "").join("");
  const whole: Promise<unknown>[] = [];
  for await (const chunk of pool.chatStream(say(`<think>${thought}</think>${said}`))) {
    chunks.push(chunk);
    const length = told("reasoning_content").length + told("content").length;
    if (whole.length < 3 && length > [40, 100, 200][whole.length]!) whole.push(killBusy(pool));
  }
  expect(told("reasoning_content")).toBe(thought);
  expect(told("content")).toBe(said);
  expect(whole.length).toBe(3);
  await Promise.all(whole);
});

describe("a plain answer that is interrupted three times by three kills", () => {
  it.each([
    ["words", words + randomTexts(2, 300)[1]],
    ["emoji", emoji + chinese + words],
  ])("comes back as if nothing had happened: %s", async (_name, text) => {
    const pool = await created();
    const undisturbed = await pool.chat(say(text));
    const facts = over(pool);
    const answer = pool.chat(say(text));
    let isOver = false;
    answer.finally(() => {
      isOver = true;
    });
    for (let kills = 0; kills < 3; kills++) {
      await until(() => isOver || pool.stats().slots.busy > 0);
      const before = await decodes(pool);
      while (!isOver && (await decodes(pool)) === before);
      await killBusy(pool);
    }
    const { choices, usage } = await answer;
    expect(choices).toEqual(undisturbed.choices);
    const { prompt_tokens, completion_tokens, total_tokens } = undisturbed.usage ?? {};
    expect(usage).toMatchObject({ prompt_tokens, completion_tokens, total_tokens });
    expect(await facts).toMatchObject({ outcome: "answered", assembled: true, attempts: 4 });
  });
});

/** How often the worker that has a request has computed. */
async function decodes(pool: Pool): Promise<number> {
  const replica = pool.stats().workers.find(({ inFlight }) => inFlight > 0)?.replica;
  const text = (await pool.scrape()).find((engine) => engine.replica === replica)?.text ?? "";
  return Number(/^llamacpp:n_decode_total (\d+)/m.exec(text)?.[1] ?? 0);
}
