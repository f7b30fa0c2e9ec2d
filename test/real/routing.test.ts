import { afterEach, expect, it } from "vitest";
import type { Pool } from "../../src/index.ts";
import { createPool } from "../../src/pool.ts";
import { zombies } from "./worker-kit.ts";

const pools: Pool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  expect(zombies()).toEqual([]);
});

it("each turn of a chat goes to the worker that holds the turns before", async () => {
  const options = { workers: 2, threads: 1, slots: 1, context: 2048, hotPrompts: 0 } as const;
  const pool = await createPool(options);
  pools.push(pool);
  const upstreams: (string | null)[] = [];
  pool.on("request", ({ upstream }) => upstreams.push(upstream));
  const chats = ["apples", "pears"].map((name) => `Of ${name} we speak, of nothing else, whatever you say. `.repeat(8));
  const messages = (chat: string, turn: number) =>
    Array.from({ length: turn }, (_, at) => [
      { role: "user" as const, content: at === 0 ? chat : `turn ${at}` },
      { role: "assistant" as const, content: "yes" },
    ]).flat();
  const ask = async (chat: string, turn: number): Promise<number> => {
    const before = pool.stats().tokens.cached;
    await pool.chat({ messages: [...messages(chat, turn), { role: "user", content: "go on" }], max_tokens: 8 });
    return pool.stats().tokens.cached - before;
  };

  await Promise.all(chats.map((chat) => ask(chat, 1)));
  expect(new Set(upstreams).size).toBe(2);
  const homes = new Map<string, string | null>();
  for (const turn of [2, 3, 4]) {
    for (const chat of chats) {
      // All of the chat's first message, at least, is found.
      expect(await ask(chat, turn)).toBeGreaterThan(chat.length);
      const home = upstreams.at(-1) ?? null;
      expect(homes.get(chat) ?? home).toBe(home);
      homes.set(chat, home);
    }
  }
  expect(new Set(homes.values()).size).toBe(2);
});
