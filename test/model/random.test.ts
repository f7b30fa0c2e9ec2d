import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeModel } from "../../src/model/describe.ts";
import { writeEchoModel } from "../../src/model/echo.ts";
import { readGguf } from "../../src/model/gguf/read.ts";
import { PRESETS } from "../../src/model/random/presets.ts";
import { type RandomType, randomWeights } from "../../src/model/random/weights.ts";
import { type RandomOptions, writeRandomModel } from "../../src/model/random.ts";
import type { WriteProgress } from "../../src/model/whole-file.ts";
import { temporaryFolder } from "./kit.ts";

const folder = await temporaryFolder();

const sha256 = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

async function make(options: Partial<RandomOptions> = {}): Promise<string> {
  const path = join(folder, `${createHash("sha256").update(JSON.stringify(options)).digest("hex").slice(0, 8)}.gguf`);
  await writeRandomModel(path, { preset: "tiny", type: "q4_0", ...options });
  return path;
}

describe("random models", () => {
  it.each(["q4_0", "q8_0", "q4_k", "f16", "f32"] as const)("of type %s describe themselves", async (type) => {
    const description = await describeModel(await make({ type }));
    expect(description).toMatchObject({
      architecture: "qwen2",
      quantisation: type.toUpperCase(),
      layers: 2,
      embeddingLength: 256,
      heads: 4,
      kvHeads: 4,
      headDim: 64,
      vocabulary: 512,
      purpose: "text",
    });
  });

  it("have matrices of whole tiles both ways in the shape for self-tests", async () => {
    const { tensors } = await readGguf(await make());
    const matrices = tensors.filter(({ shape }) => shape.length === 2);
    expect(matrices).toHaveLength(2 * 7 + 1);
    expect(matrices.flatMap(({ shape }) => shape).every((length) => length % 256 === 0)).toBe(true);
  });

  it("keep the output matrix at Q8_0 where the others are Q4_0", async () => {
    const { tensors } = await readGguf(await make());
    expect(tensors.find(({ name }) => name === "token_embd.weight")?.type).toBe("Q8_0");
    expect(tensors.find(({ name }) => name === "blk.1.ffn_up.weight")?.type).toBe("Q4_0");
  });

  it("are the same each time, and others with another seed", async () => {
    const first = await sha256(await make());
    expect(await sha256(await make({ seed: 0 }))).toBe(first);
    expect(await sha256(await make({ seed: 1 }))).not.toBe(first);
  });

  it("take the tokenizer of another file as it is", async () => {
    const vocabFile = join(folder, "vocab.gguf");
    await writeEchoModel(vocabFile);
    const [made, source] = await Promise.all(
      [await make({ vocabFile }), vocabFile].map((path) => readGguf(path, { arrays: "all" })),
    );
    const tokenizer = (file: typeof made): unknown =>
      [...(file?.metadata ?? [])]
        .filter(([key]) => key.startsWith("tokenizer."))
        .map(([key, value]) => [key, value.type === "array" ? value.values : value.value]);
    expect(tokenizer(made)).toEqual(tokenizer(source));
    expect(made?.tensors.find(({ name }) => name === "token_embd.weight")?.shape).toEqual([256, 263]);
  });

  it("say what is wrong with an option", async () => {
    for (const bad of [{ preset: "huge" }, { type: "q3_k" }, { preset: "constructor" }]) {
      await expect(make(bad as Partial<RandomOptions>)).rejects.toMatchObject({ code: "CORRAL_BAD_OPTION" });
    }
    await expect(make({ vocabFile: join(folder, "none") })).rejects.toMatchObject({ code: "CORRAL_MODEL_MISSING" });
  });

  it("report bytes as they are written", async () => {
    const seen: WriteProgress[] = [];
    const path = await make({ type: "f32", seed: 7, onProgress: (progress) => seen.push(progress) });
    const { length } = await readFile(path);
    expect(seen.at(-1)).toEqual({ written: length, total: length });
    expect(seen.every(({ written }, index) => written >= (seen[index - 1]?.written ?? 0))).toBe(true);
  });

  it("leave nothing when they are interrupted", async () => {
    const interrupt = new AbortController();
    const before = await readdir(folder);
    const made = make({ seed: 99, signal: interrupt.signal, onProgress: () => interrupt.abort() });
    await expect(made).rejects.toMatchObject({ name: "AbortError" });
    expect(await readdir(folder)).toEqual(before);
  });

  it("fit the parameters that Qwen2.5-0.5B has", () => {
    const { embedding, layers, kvHeads, heads, feedForward, vocabulary } = PRESETS["qwen2.5-0.5b"];
    const kv = (embedding / heads) * kvHeads;
    const layer = 2 * embedding ** 2 + 2 * embedding * kv + 3 * embedding * feedForward + 3 * embedding + 2 * kv;
    // As its model card counts them: 0.49 billion, 0.36 of them not in the embedding.
    expect(layers * layer + embedding + vocabulary * embedding).toBe(494_032_768);
  });
});

/** Weights out of blocks, by the layouts of ggml-common.h. */
const READERS: Record<RandomType, (bytes: DataView) => number[]> = {
  F32: (bytes) => each(bytes, 4, (at) => [bytes.getFloat32(at, true)]),
  F16: (bytes) => each(bytes, 2, (at) => [half(bytes, at)]),
  Q8_0: (bytes) => each(bytes, 34, (at) => count(32, (i) => half(bytes, at) * bytes.getInt8(at + 2 + i))),
  Q4_0: (bytes) => each(bytes, 18, (at) => count(32, (i) => half(bytes, at) * (nibble(bytes, at + 2, i) - 8))),
  Q5_0: (bytes) =>
    each(bytes, 22, (at) =>
      count(32, (i) => {
        const high = (bytes.getUint32(at + 2, true) >>> i) & 1;
        return half(bytes, at) * (nibble(bytes, at + 6, i) + 16 * high - 16);
      }),
    ),
  // Of each block of 256 only the first 32, whose scale and offset are the low 6 bits of bytes 4 and 8.
  Q4_K: (bytes) =>
    each(bytes, 144, (at) =>
      count(32, (i) => {
        const scale = half(bytes, at) * (bytes.getUint8(at + 4) & 63);
        const offset = half(bytes, at + 2) * (bytes.getUint8(at + 8) & 63);
        return scale * (bytes.getUint8(at + 16 + i) & 15) - offset;
      }),
    ),
};
const count = (length: number, of: (index: number) => number): number[] => Array.from({ length }, (_, i) => of(i));
const each = (bytes: DataView, size: number, read: (at: number) => number[]): number[] =>
  count(bytes.byteLength / size, (index) => index * size).flatMap(read);
const nibble = (bytes: DataView, at: number, i: number): number =>
  (bytes.getUint8(at + (i % 16)) >> (i < 16 ? 0 : 4)) & 15;
const half = (bytes: DataView, at: number): number => {
  const bits = bytes.getUint16(at, true);
  return (bits & 0x8000 ? -1 : 1) * (1 + (bits & 1023) / 1024) * 2 ** (((bits >> 10) & 31) - 15);
};

describe("random weights", () => {
  it.each(Object.keys(READERS) as RandomType[])(
    "of type %s are finite, centred, and as wide as they should be",
    (type) => {
      const bytes = Buffer.concat([...randomWeights(type, [1024, 64], "seed")]);
      const weights = READERS[type](new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
      const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
      const deviation = Math.sqrt(weights.reduce((sum, weight) => sum + weight ** 2, 0) / weights.length);
      const wanted = 1 / Math.sqrt(1024);
      expect(weights.every(Number.isFinite)).toBe(true);
      expect(Math.abs(mean)).toBeLessThan(wanted / 20);
      // Floating point ones are spread over one power of two: within sqrt(2).
      expect(deviation / wanted).toBeGreaterThan(0.7);
      expect(deviation / wanted).toBeLessThan(1.42);
    },
  );
});
