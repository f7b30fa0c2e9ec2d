import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import type { ChatChunk, ChatRequest, Pool } from "../../src/index.ts";
import { createPool } from "../../src/pool.ts";
import { randomTexts } from "../pool/texts.ts";
import { processState, until, workerEvent, zombies } from "./worker-kit.ts";

const pools: Pool[] = [];

async function created(options: PoolOptions): Promise<Pool> {
  const pool = await createPool({ threads: 1, slots: 4, context: 2048, ...options });
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  expect(zombies()).toEqual([]);
});

const say = (content: string): ChatRequest => ({ messages: [{ role: "user", content }], temperature: 0 });

async function chat(pool: Pool, text: string): Promise<string> {
  return (await pool.chat(say(text))).choices[0]?.message.content ?? "";
}

async function stream(pool: Pool, text: string): Promise<string> {
  return textOf(pool.chatStream(say(text)));
}

async function textOf(chunks: AsyncIterable<ChatChunk>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

/** What llama-server itself says it works on. */
async function processing(pool: Pool): Promise<number> {
  const metrics = await (await pool.request({ path: "/metrics" })).text();
  return Number(/^llamacpp:requests_processing (\d+)/m.exec(metrics)?.[1]);
}

const openFiles = async (): Promise<number> => (await readdir("/proc/self/fd")).length;

describe("a pool of llama-server workers on the echo model", () => {
  it("answers 64 different prompts at once over 2 workers, each word for word, streamed and not", async () => {
    const pool = await created({ workers: 2 });
    const texts = randomTexts(64);
    expect(await Promise.all(texts.map((text) => chat(pool, text)))).toEqual(texts);
    expect(await Promise.all(texts.map((text) => stream(pool, text)))).toEqual(texts);
    const { workers, served, tokens, lost } = pool.stats();
    expect([served, lost]).toEqual([128, 0]);
    for (const worker of workers) expect(worker.served).toBeGreaterThan(32);
    expect(tokens.completion).toBe(2 * texts.reduce((sum, text) => sum + text.length + 1, 0));
  });

  it("keeps requests within their context where all slots share one cache", async () => {
    const pool = await created({ workers: 1, context: 512, sharedCache: true });
    const texts = randomTexts(8, 100);
    expect(await Promise.all(texts.map((text) => chat(pool, text)))).toEqual(texts);
    const tooLong = pool.complete({ prompt: "x".repeat(600), max_tokens: 1 });
    await expect(tooLong).rejects.toMatchObject({ code: "CORRAL_WORKER_ANSWERED", facts: { status: 400 } });
  });

  it("pins each worker's threads to its own CPUs", async () => {
    const pool = await created({ workers: 2 });
    const seen: string[] = [];
    for (const { pid, cpus } of pool.stats().workers) {
      for (const task of await readdir(`/proc/${pid}/task`)) {
        const status = readFileSync(`/proc/${pid}/task/${task}/status`, "utf8");
        expect(/^Cpus_allowed_list:\t(.*)$/m.exec(status)?.[1]).toBe(cpus.join(","));
      }
      seen.push(...cpus.map(String));
    }
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("kill -9 of a worker under load, 10 times: loses nothing, not even what was in it, and is whole again each time", async () => {
    const pool = await created({ workers: 2 });
    const texts = randomTexts(200, 200);
    const files = await openFiles();
    const wrong: unknown[] = [];
    let isOver = false;
    let next = 0;
    const client = async (): Promise<void> => {
      while (!isOver) {
        const text = texts[next++ % texts.length] ?? "";
        try {
          const answer = await (next % 2 === 0 ? chat(pool, text) : stream(pool, text));
          if (answer !== text) wrong.push({ text, answer });
        } catch (error) {
          wrong.push(error);
        }
      }
    };
    const clients = Array.from({ length: 8 }, client);
    for (let round = 0; round < 10; round++) {
      await until(() => pool.stats().slots.busy === 8);
      const victim = pool.stats().workers[round % 2];
      const killed = victim?.id ?? "";
      const whole = workerEvent(
        pool,
        ({ replica, id, state }) => replica === victim?.replica && id !== killed && state.name === "ready",
      );
      process.kill(victim?.pid ?? 0, "SIGKILL");
      await whole;
      expect(processState(victim?.pid ?? 0)).toBeNull();
    }
    isOver = true;
    await Promise.all(clients);
    expect(wrong).toEqual([]);
    expect(pool.stats()).toMatchObject({ state: "ready", restarts: 10, slots: { busy: 0 }, queued: 0 });
    await until(() => pool.stats().workers.every(({ state }) => state === "ready"));
    expect(await chat(pool, texts[0] ?? "")).toBe(texts[0]);
    expect(await openFiles()).toBeLessThanOrEqual(files + 8);
  });

  it("an abort frees the slot inside llama-server", async () => {
    const pool = await created({ workers: 1 });
    const [text = ""] = randomTexts(1, 900);
    const client = new AbortController();
    const reason = new Error("gone");
    const chunks = pool.chatStream(say(text), { signal: client.signal });
    await chunks.next();
    await chunks.next();
    expect(await processing(pool)).toBe(1);
    client.abort(reason);
    await expect(textOf(chunks)).rejects.toBe(reason);
    expect(pool.stats().slots.busy).toBe(0);
    while ((await processing(pool)) > 0);
    expect(pool.stats()).toMatchObject({ aborted: 1, lost: 0 });
  });

  it("a drain lets running streams finish", async () => {
    const pool = await created({ workers: 2 });
    const texts = randomTexts(8, 300);
    let begun = 0;
    const answers = Promise.all(
      texts.map(async (text) => {
        const chunks = pool.chatStream(say(text));
        await chunks.next();
        begun += 1;
        return textOf(chunks);
      }),
    );
    await until(() => begun === texts.length);
    await pool.close();
    expect(await answers).toEqual(texts);
    expect(pool.stats()).toMatchObject({ state: "closed", served: 8, lost: 0 });
  });

  it("two pools at once do not disturb each other", async () => {
    const [one, two] = await Promise.all([created({ name: "one", workers: 1 }), created({ name: "two", workers: 1 })]);
    const texts = randomTexts(16);
    const answers = await Promise.all(texts.map((text, index) => chat(index % 2 === 0 ? one : two, text)));
    expect(answers).toEqual(texts);
    expect([one.stats().served, two.stats().served]).toEqual([8, 8]);
  });

  it("says what llama-server says of a request that it refuses", async () => {
    const pool = await created({ workers: 1 });
    await expect(pool.embed({ input: "x" })).rejects.toMatchObject({
      code: "CORRAL_WORKER_ANSWERED",
      facts: { status: 501, error: { message: expect.stringContaining("embeddings") } },
    });
    await expect(pool.chat({ ...say("x"), max_tokens: -5 })).rejects.toMatchObject({ facts: { status: 400 } });
  });

  it("says why when the model is broken or missing", async () => {
    await expect(created({ model: "/nowhere/x.gguf" })).rejects.toMatchObject({ code: "CORRAL_MODEL_MISSING" });
    await expect(created({ model: "/etc/hostname" })).rejects.toMatchObject({ code: "CORRAL_MODEL_BROKEN" });
  });
});
