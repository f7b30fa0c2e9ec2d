import { describe, expect, test } from "vitest";
import { llamaTraits } from "../../src/engine/llama-memory.ts";
import { ledgerOf } from "../../src/plan/memory.ts";
import type { Shape } from "../../src/plan/shape.ts";
import { knownMachine } from "./known-machine.ts";
import { eightBillion, halfBillion } from "./models.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const shape: Shape = { workers: 2, slots: 4, context: 8192, repack: true, keyValueType: "f16" };

async function ledger(changes: Partial<Shape> = {}, model = eightBillion, machine = "desktop-16-cores") {
  return ledgerOf(await knownMachine(machine), model, llamaTraits, { ...shape, ...changes });
}

describe("the ledger", () => {
  test("adds up, and says what was counted", async () => {
    const memory = await ledger();
    // 128 KiB a token (Llama-3-8B in f16), 4 slots of 8192 tokens; AVX512 repacks Q4_K, not Q6_K, and no embeddings.
    expect(memory).toMatchObject({ file: 4692 * MIB, repacked: 3218 * MIB, kv: 4 * GIB, budget: 56 * GIB });
    expect(memory.compute).toBeGreaterThan(50 * MIB);
    expect(memory.compute).toBeLessThan(256 * MIB);
    expect(memory.total).toBe(memory.file + 2 * (memory.repacked + memory.kv + memory.compute));
    expect(memory.peak).toBe(memory.total + 2 * memory.promptCache + memory.headroom);
  });

  test("counts the file once, whatever the number of workers", async () => {
    const [one, three] = [await ledger({ workers: 1 }), await ledger({ workers: 3 })];
    expect(three.file).toBe(one.file);
    expect(three.total - three.file).toBe(3 * (one.total - one.file));
  });

  test("counts all parts of a model", async () => {
    const [file] = eightBillion.files;
    const parts = { ...eightBillion, files: [1, 2].flatMap(() => (file ? [file] : [])) };
    expect((await ledger({}, parts)).file).toBe(2 * 4692 * MIB);
  });

  test("keeps keys and values of q8_0 in 34 bytes where f16 takes 64", async () => {
    expect((await ledger({ keyValueType: "q8_0" })).kv).toBe((4 * GIB * 34) / 64);
  });

  test("has nothing repacked where workers share the file's pages", async () => {
    expect((await ledger({ repack: false })).repacked).toBe(0);
  });

  test("counts the weights in each worker where the file is not mapped, those that are repacked once", async () => {
    const machine = await knownMachine("desktop-16-cores");
    const with2 = (repack: boolean, mapWeights: boolean) =>
      ledgerOf(machine, halfBillion, llamaTraits, { ...shape, repack }, { settings: { mapWeights } });
    const [mapped, copied, asInFile] = [with2(true, true), with2(true, false), with2(false, false)];
    expect(copied).toMatchObject({ file: 0, repacked: mapped.repacked });
    expect(copied.unpacked).toBe(mapped.file - mapped.repacked);
    expect(copied.total - mapped.total).toBe(2 * copied.unpacked - mapped.file);
    expect(asInFile).toMatchObject({ file: 0, repacked: 0, unpacked: mapped.file });
  });

  test("has the compute buffers grow with batch, vocabulary, slots, and scores that are all held at once", async () => {
    const machine = await knownMachine("desktop-16-cores");
    const compute = (settings = {}, model = halfBillion, changes: Partial<Shape> = {}) =>
      ledgerOf(machine, model, llamaTraits, { ...shape, ...changes }, { settings }).compute;
    const usual = compute();
    expect(compute({ batch: 512 })).toBeGreaterThan(usual + 30 * MIB);
    // Scores of 14 heads in f32: 8192 tokens of context for each of a batch of 128.
    expect(compute({ flashAttention: "off" })).toBeGreaterThan(usual + 45 * MIB);
    expect(compute({ speculation: "ngram" })).toBeGreaterThan(usual + 64 * MIB);
    expect(compute({}, { ...halfBillion, vocabulary: 1000 })).toBeLessThan(usual - 20 * MIB);
    expect(compute({}, halfBillion, { slots: 8 })).toBeGreaterThan(usual + 10 * MIB);
  });

  test("keeps no keys, values or prompts of models that only embed", async () => {
    const bert = { ...halfBillion, contextLength: 512, purpose: "embedding" as const };
    expect(await ledger({}, bert, "vps-2-cores")).toMatchObject({ kv: 0, promptCache: 0 });
  });

  test("may use the least of the cgroup's limit and what is available", async () => {
    const machine = await knownMachine("desktop-16-cores");
    const budgetWith = (available: number, limit: number | null) =>
      ledgerOf({ ...machine, memory: { total: 64 * GIB, available, limit } }, halfBillion, llamaTraits, shape).budget;
    expect(budgetWith(8 * GIB, 4 * GIB)).toBe(4 * GIB);
    expect(budgetWith(3 * GIB, 4 * GIB)).toBe(3 * GIB);
    expect(budgetWith(8 * GIB, null)).toBe(8 * GIB);
  });

  test("fills a quarter of what is left with prompts, and never passes the budget by them", async () => {
    const memory = await ledger({}, halfBillion, "limit-4-gib");
    expect(memory.promptCache).toBeGreaterThan(0);
    expect(memory.peak).toBeLessThan(memory.budget);
  });

  test("has as much for prompts as it is told, in whole MiB", async () => {
    const machine = await knownMachine("desktop-16-cores");
    const promptCache = (given: number) => ledgerOf(machine, halfBillion, llamaTraits, shape, { promptCache: given });
    expect(promptCache(0).promptCache).toBe(0);
    const { total, peak, headroom, ...memory } = promptCache(100.5 * MIB);
    expect(memory.promptCache).toBe(100 * MIB);
    expect(peak).toBe(total + headroom + 2 * 100 * MIB);
  });
});
