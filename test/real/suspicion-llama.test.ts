import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { ChatRequest, Failure, Pool } from "../../src/index.ts";
import { createPool } from "../../src/pool.ts";
import { randomTexts } from "../pool/texts.ts";
import { until, zombies } from "./worker-kit.ts";

let stateDir: string;
const pools: Pool[] = [];

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "corral-test-"));
});
afterAll(() => rm(stateDir, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  expect(zombies()).toEqual([]);
});

const say = (content: string, rest: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: "user", content }],
  ...rest,
});

/** llama-server v0.5.0 goes into a property's name letter by letter, until its stack is full: SIGSEGV. */
const schema = {
  type: "object",
  properties: { ["x".repeat(30_000)]: { type: "string" } },
  additionalProperties: { type: "string" },
};
const POISON = say("hello", { response_format: { type: "json_schema", json_schema: { name: "p", schema } } });

/** @param begun called with the first piece */
async function streamed(pool: Pool, text: string, begun: () => void): Promise<string> {
  let said = "";
  for await (const chunk of pool.chatStream(say(text, { temperature: 0 }))) {
    const piece = chunk.choices[0]?.delta.content ?? "";
    if (said === "" && piece !== "") begun();
    said += piece;
  }
  return said;
}

it("a request that llama-server dies of: streams beside it go on, and it is refused", async () => {
  const pool = await createPool({ source: "echo", workers: 2, slots: 2 }, { stateDir });
  pools.push(pool);
  const deaths: Failure[] = [];
  pool.on("worker", ({ state }) => {
    if (state.name === "failed") deaths.push(state.failure);
  });
  const texts = randomTexts(3, 220);
  let begun = 0;
  const answers = texts.map((text) =>
    streamed(pool, text, () => {
      begun += 1;
    }),
  );
  await until(() => begun === 3);
  const refused = { code: "CORRAL_REQUEST_KILLS_WORKER" };
  await expect(pool.chat(POISON)).rejects.toMatchObject(refused);
  expect(await Promise.all(answers)).toEqual(texts);
  await expect(pool.chat({ ...POISON, user: "again" })).rejects.toMatchObject(refused);
  await until(() => deaths.length === 2);
  expect(deaths.map(({ reason, signal }) => `${reason} ${signal}`)).toEqual(["crashed SIGSEGV", "crashed SIGSEGV"]);
  expect([deaths[1]?.requests, pool.stats().lost]).toEqual([1, 0]);
});

it("a worker that is stopped in mid-stream: its streams go on in the other", async () => {
  const pool = await createPool({ source: "echo", workers: 2, slots: 2 }, { stateDir });
  pools.push(pool);
  const reasons: string[] = [];
  pool.on("worker", ({ state }) => {
    if (state.name === "failed") reasons.push(state.failure.reason);
  });
  const texts = randomTexts(4, 220);
  let begun = 0;
  const answers = texts.map((text) =>
    streamed(pool, text, () => {
      begun += 1;
    }),
  );
  await until(() => begun === 4);
  process.kill(pool.stats().workers[0]?.pid ?? 0, "SIGSTOP");
  expect(await Promise.all(answers)).toEqual(texts);
  expect([reasons, pool.stats().lost]).toEqual([["stopped"], 0]);
});
