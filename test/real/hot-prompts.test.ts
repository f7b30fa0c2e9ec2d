import { afterEach, expect, it, vi } from "vitest";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import type { Pool } from "../../src/index.ts";
import { createPool } from "../../src/pool.ts";
import { zombies } from "./worker-kit.ts";

const pools: Pool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  expect(zombies()).toEqual([]);
});

const SYSTEM = "You answer with what you were told, word for word. ".repeat(16);

async function created(options: PoolOptions): Promise<Pool> {
  const pool = await createPool({ threads: 1, slots: 2, context: 2048, ...options });
  pools.push(pool);
  return pool;
}

/** Tokens of its prompt that its worker did not have to compute. */
async function cachedOf(pool: Pool, question: string): Promise<number> {
  const messages = [
    { role: "system" as const, content: SYSTEM },
    { role: "user" as const, content: question },
  ];
  const before = pool.stats().tokens.cached;
  const { choices } = await pool.chat({ messages, temperature: 0 });
  expect(choices[0]?.message.content).toBe(question);
  return pool.stats().tokens.cached - before;
}

it("workers that have never seen a hot system prompt need not compute it", async () => {
  const pool = await created({ workers: 2 });
  for (const question of ["one", "two", "three"]) await cachedOf(pool, question);
  await vi.waitFor(() => expect(pool.stats().hotPrompts).toBe(1), { timeout: 20_000 });
  await pool.restart();
  expect(await cachedOf(pool, "four")).toBeGreaterThanOrEqual(SYSTEM.length);
});

it("with hotPrompts 0 a new worker computes all of it", async () => {
  const pool = await created({ workers: 1, hotPrompts: 0 });
  for (const question of ["one", "two", "three"]) await cachedOf(pool, question);
  await pool.restart();
  expect(await cachedOf(pool, "four")).toBeLessThan(100);
  expect(pool.stats().hotPrompts).toBe(0);
});
