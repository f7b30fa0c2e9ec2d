import { afterEach, describe, expect, it } from "vitest";
import type { Pool } from "../../src/index.ts";
import { createPool } from "../../src/pool.ts";
import { randomTexts } from "../pool/texts.ts";
import { until, zombies } from "./worker-kit.ts";

const pools: Pool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  expect(zombies()).toEqual([]);
});

describe("llama-server on the echo model, scaled to zero", () => {
  it("wakes under load three times: every answer word for word", async () => {
    const pool = await createPool({ workers: 1, threads: 1, slots: 4, context: 2048, idleTimeout: 200 });
    pools.push(pool);
    const texts = randomTexts(16);
    const wakes: string[] = [];
    pool.on("scaled", ({ why }) => wakes.push(why));
    for (let round = 0; round < 3; round++) {
      await until(() => pool.state === "idle" && pool.stats().workers.length === 0);
      const answers = texts.map(async (content) => {
        const answer = await pool.chat({ messages: [{ role: "user", content }], temperature: 0 });
        return answer.choices[0]?.message.content;
      });
      expect(await Promise.all(answers)).toEqual(texts);
    }
    expect(pool.stats()).toMatchObject({ served: 48, lost: 0, refused: 0, restarts: 0 });
    expect(wakes.slice(0, 6)).toEqual(["idle", "wake", "idle", "wake", "idle", "wake"]);
  });
});
