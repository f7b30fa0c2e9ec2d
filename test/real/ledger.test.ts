import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuild } from "../../build-scripts/build.ts";
import type { PoolOptions } from "../../src/config/pool-options.ts";
import type { Machine } from "../../src/machine/machine.ts";
import { readMachine } from "../../src/machine/read.ts";
import { writeEchoModel } from "../../src/model/echo.ts";
import { writeRandomModel } from "../../src/model/random.ts";
import type { MemoryLedger } from "../../src/plan/plan.ts";
import { createPool } from "../../src/pool.ts";
import { temporaryFolder } from "../model/kit.ts";
import { randomTexts } from "../pool/texts.ts";

const MIB = 1024 ** 2;

const folder = await temporaryFolder();
/** Files of their own: pages that other processes map as well would be shared out among them. */
const modelPath = (name: string): string => join(folder, `${name}.gguf`);

let machine: Machine;

beforeAll(async () => {
  await writeEchoModel(modelPath("echo"));
  for (const type of ["q4_0", "q8_0"] as const)
    await writeRandomModel(modelPath(type), { preset: "qwen2.5-0.5b", type });
  machine = await machineOfBuild();
}, 300_000);

/** As the engine's build sees it: where AMX had to be left out, nothing is repacked for it. */
async function machineOfBuild(): Promise<Machine> {
  const [here, { manifest }] = await Promise.all([readMachine(), ensureBuild({ engine: "llama" })]);
  const isWhole = manifest.rung.name === "native";
  return { ...here, features: here.features.filter((name) => isWhole || !name.startsWith("amx_")) };
}

interface Measured {
  readonly ledger: MemoryLedger;
  readonly workers: number;
  /** Bytes, over all workers. */
  readonly pss: number;
  readonly anonymous: number;
}

/** What the workers hold after each slot has answered. */
async function measure(options: PoolOptions): Promise<Measured> {
  const pool = await createPool({ threads: 1, slots: 4, context: 4096, ...options }, { machine });
  try {
    const { plan } = pool;
    if (plan === null) throw new Error("a pool that is ready has a plan");
    // The scheduler starts with the least busy: each slot of each worker gets one.
    await Promise.all(
      randomTexts(plan.workers.length * plan.slots, 24).map((content) =>
        pool.chat({ messages: [{ role: "user", content }], max_tokens: 4, temperature: 0 }),
      ),
    );
    const memories = await Promise.all(pool.stats().workers.map(({ pid }) => readRollup(pid ?? 0)));
    const sum = (key: "Pss" | "Pss_Anon") => memories.reduce((total, memory) => total + memory[key], 0);
    return { ledger: plan.memory, workers: plan.workers.length, pss: sum("Pss"), anonymous: sum("Pss_Anon") };
  } finally {
    await pool.destroy();
  }
}

/** Of /proc/PID/smaps_rollup, in bytes. A page that n processes map counts 1/n in each. */
async function readRollup(pid: number): Promise<{ Pss: number; Pss_Anon: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const read = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]) * 1024;
  return { Pss: read("Pss"), Pss_Anon: read("Pss_Anon") };
}

const CASES: readonly (readonly [string, PoolOptions])[] = [
  ["echo", { workers: 1 }],
  ["echo", { workers: 2 }],
  ["q4_0", { workers: 1 }],
  ["q4_0", { workers: 2 }],
  ["q4_0", { workers: 2, repack: false }],
  ["q4_0", { workers: 1, mapWeights: false }],
  ["q8_0", { workers: 2, mapWeights: false }],
  ["q8_0", { workers: 1 }],
  ["q8_0", { workers: 2 }],
  ["q8_0", { workers: 2, repack: false }],
  ["q4_0", { workers: 1, keyValueType: "q8_0" }],
  ["q4_0", { workers: 1, flashAttention: "off", context: 2048 }],
];

describe("the memory ledger and what real workers hold", () => {
  it.each(CASES)("%s %o", async (model, options) => {
    const { ledger, workers, pss, anonymous } = await measure({ model: modelPath(model), ...options });
    // `CORRAL_LEDGER=print` shows the figures of docs/plan.md.
    if (process.env.CORRAL_LEDGER === "print") print(model, options, { ledger, workers, pss, anonymous });
    expect(Math.abs(ledger.total - pss)).toBeLessThanOrEqual(Math.max(ledger.total / 10, 64 * MIB));
    // The parts, too: two errors must not make up for each other.
    const own = workers * (ledger.unpacked + ledger.repacked + ledger.kv + ledger.compute);
    expect(Math.abs(own - anonymous)).toBeLessThanOrEqual(Math.max(own / 10, 64 * MIB));
    expect(ledger.total).toBe(ledger.file + own);
  });
});

function print(model: string, options: PoolOptions, { ledger, workers, pss, anonymous }: Measured): void {
  const mebibytes = (bytes: number) => Math.round(bytes / MIB);
  const { file, unpacked, repacked, kv, compute, total } = ledger;
  const parts = { file, unpacked, repacked, kv, compute, total };
  const said = Object.entries(parts).map(([name, bytes]) => [name, mebibytes(bytes)]);
  const seen = { pss: mebibytes(pss), anonymous: mebibytes(anonymous) };
  process.stdout.write(`${JSON.stringify({ model, ...options, said: Object.fromEntries(said), workers, seen })}\n`);
}
