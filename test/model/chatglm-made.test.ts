import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeRandomChatglm } from "../../src/model/chatglm/random.ts";
import { type ChatglmFile, readChatglm } from "../../src/model/chatglm/read.ts";
import { writeScriptedChatglm } from "../../src/model/chatglm/scripted.ts";
import { encodeTiktoken } from "../../src/model/chatglm/tiktoken.ts";
import { describeModel } from "../../src/model/describe.ts";
import { inspectModel } from "../../src/model/inspect.ts";
import { type SmallChatglm, smallChatglm } from "./chatglm-kit.ts";
import { temporaryFolder } from "./kit.ts";

const folder = await temporaryFolder();
let files = 0;
const newPath = (): string => join(folder, `made-${files++}.bin`);
const sha256 = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex")
    .slice(0, 16);

describe("a random model", () => {
  it.each([
    [1, "f32", "F32"],
    [2, "f16", "F16"],
    [3, "q8_0", "Q8_0"],
    [4, "q4_0", "Q4_0"],
  ] as const)("of type %i in %s is as the reader wants it", async (type, quantisation, expected) => {
    const path = newPath();
    await writeRandomChatglm(path, { type, quantisation });
    const { config, tensors } = await readChatglm(path);
    expect(config).toMatchObject({ dtype: expected, hidden: 128, heads: 4, layers: 2, maxLength: 2048 });
    expect(new Set(tensors.map((tensor) => tensor.type))).toEqual(new Set(["F32", expected]));
  });

  it("has as many layers and as long a context as is wanted", async () => {
    const path = newPath();
    await writeRandomChatglm(path, { type: 3, layers: 1, maxLength: 64 });
    expect((await readChatglm(path)).config).toMatchObject({ layers: 1, maxLength: 64 });
  });

  it("may have a prefix, and may be of version 1", async () => {
    const path = newPath();
    await writeRandomChatglm(path, { type: 4, virtualTokens: 3 });
    const { config, tensors } = await readChatglm(path);
    expect(config.virtualTokens).toBe(3);
    expect(tensors[0]).toMatchObject({ name: "past_key_values", shape: [4, 2, 3, 32], type: "F16" });
    await writeRandomChatglm(path, { type: 2, version: 1 });
    expect(await readChatglm(path)).toMatchObject({ version: 1, config: { kvHeads: 2, ffn: 256, bos: -1 } });
  });

  it("is the same with the same seed, and another with another", async () => {
    const paths = [newPath(), newPath(), newPath()] as const;
    await writeRandomChatglm(paths[0], { type: 2, seed: 7 });
    await writeRandomChatglm(paths[1], { type: 2, seed: 7 });
    await writeRandomChatglm(paths[2], { type: 2, seed: 8 });
    const [first, same, other] = await Promise.all(paths.map(sha256));
    expect(same).toBe(first);
    expect(other).not.toBe(first);
  });

  it.each([
    [{ type: 5 }, /no type "5". Choose one of 1, 2, 3, 4/],
    [{ type: 3, shape: "huge" }, /no shape "huge". Choose one of tiny, chatglm3-6b/],
    [{ type: 3, quantisation: "q2" }, /no quantisation "q2". Choose one of f32, f16, q8_0, q4_0/],
    [{ type: 3, layers: 0 }, /layers can't be 0. Give a whole number from 1 to 1024/],
    [{ type: 3, maxLength: 1.5 }, /maxLength can't be 1.5/],
    [{ type: 1, virtualTokens: 1 }, /no p-tuning of type 1/],
    [{ type: 4, version: 1 }, /version 1 knows neither/],
    [{ type: 3, tokenizer: "huge" }, /no size of tokenizer "huge". Choose one of tiny, full/],
  ])("%j can't be made", async (options, message) => {
    const made = writeRandomChatglm(newPath(), options as never);
    await expect(made).rejects.toMatchObject({ code: "CORRAL_BAD_OPTION", message: expect.stringMatching(message) });
  });

  it("leaves nothing where it was interrupted, and says how far it is", async () => {
    const before = await readdir(folder);
    const interrupt = new AbortController();
    const seen: number[] = [];
    const onProgress = ({ written, total }: { written: number; total: number }): void => {
      seen.push(written / total);
      if (written > total / 2) interrupt.abort();
    };
    const made = writeRandomChatglm(newPath(), { type: 3, onProgress, signal: interrupt.signal });
    await expect(made).rejects.toThrow(/abort/i);
    expect(await readdir(folder)).toEqual(before);
    expect(seen.at(-1)).toBeGreaterThan(0.5);
    expect(seen.at(-1)).toBeLessThan(1);
  });
});

/** A tensor's weights, in half precision or single. */
async function weights({ path, tensors }: ChatglmFile, name: string): Promise<Float32Array> {
  const tensor = tensors.find((one) => one.name === name);
  if (tensor === undefined) throw new Error(`no ${name}`);
  const bytes = (await readFile(path)).subarray(tensor.offset, tensor.offset + tensor.bytes);
  const size = tensor.type === "F16" ? 2 : 4;
  return Float32Array.from({ length: bytes.length / size }, (_, index) =>
    size === 2 ? half(bytes.readUInt16LE(2 * index)) : bytes.readFloatLE(4 * index),
  );
}

/** Of whole numbers that half precision holds. */
const half = (bits: number): number => (bits === 0 ? 0 : 2 ** ((bits >> 10) - 15) * (1 + (bits & 1023) / 1024));

const dot = (one: Float32Array | number[], other: Float32Array): number =>
  other.reduce((sum, value, index) => sum + value * (one[index] ?? 0), 0);

const rows = (matrix: Float32Array, columns: number): Float32Array[] =>
  Array.from({ length: matrix.length / columns }, (_, row) => matrix.subarray(row * columns, (row + 1) * columns));

const largest = (values: readonly number[]): number => values.indexOf(Math.max(...values));

/** What the script's model of types 2 to 4 says next: nothing but the embedding and the output matrix count. */
async function speaker(file: ChatglmFile): Promise<(token: number) => number> {
  const embedding = rows(await weights(file, "transformer.embedding.word_embeddings.weight"), file.config.hidden);
  const output = rows(await weights(file, "transformer.output_layer.weight"), file.config.hidden);
  return (token) => largest(output.map((row) => dot(row as never, embedding[token]!)));
}

/** The same of type 1, by hand: norm, feed-forward with gelu, norm, embedding. */
async function firstSpeaker(file: ChatglmFile): Promise<(token: number) => number> {
  const { hidden, ffn } = file.config;
  const layer = "transformer.layers.0.mlp.";
  const embedding = rows(await weights(file, "transformer.word_embeddings.weight"), hidden);
  const up = rows(await weights(file, `${layer}dense_h_to_4h.weight`), hidden);
  const bias = await weights(file, `${layer}dense_h_to_4h.bias`);
  const down = rows(await weights(file, `${layer}dense_4h_to_h.weight`), ffn);
  const norm = (values: Float32Array): Float32Array => {
    const mean = values.reduce((sum, value) => sum + value, 0) / hidden;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / hidden;
    return values.map((value) => (value - mean) / Math.sqrt(variance + 1e-5));
  };
  const gelu = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  return (token) => {
    const input = norm(norm(embedding[token]!).map((value) => value * Math.sqrt(56)));
    const units = Float32Array.from(up, (row, unit) => gelu(dot(row, input) + (bias[unit] ?? 0)));
    const sum = norm(Float32Array.from(down, (row, index) => dot(row, units) + Math.sqrt(56) * input[index]!));
    return largest(embedding.map((row) => dot(row, sum)));
  };
}

describe("a model with a script", () => {
  it.each([1, 2, 3, 4] as const)("says the alphabet and then the end (type %i)", async (type) => {
    const path = newPath();
    await writeScriptedChatglm(path, { type, script: "alphabet", maxLength: 99 });
    const file = await readChatglm(path);
    expect(file.config.maxLength).toBe(99);
    expect(file.size).toBeLessThan(250_000);
    const next = type === 1 ? await firstSpeaker(file) : await speaker(file);
    const answers = [0, file.config.vocabulary - 1, file.config.vocabulary - 140].map((start) => {
      const said = [next(start)];
      while (said.at(-1) !== file.config.eos && said.length < 30) said.push(next(said.at(-1)!));
      return said;
    });
    expect(answers[0]).toHaveLength(27);
    expect(new Set(answers[0]).size).toBe(27);
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it.each([1, 4] as const)("never ends where it shouldn't (type %i)", async (type) => {
    const path = newPath();
    await writeScriptedChatglm(path, { type, script: "endless" });
    const file = await readChatglm(path);
    const next = type === 1 ? await firstSpeaker(file) : await speaker(file);
    const said = [next(0)];
    for (let count = 0; count < 60; count++) said.push(next(said.at(-1)!));
    expect(said.slice(26, 52)).toEqual(said.slice(0, 26));
    expect(said).not.toContain(file.config.eos);
  });

  it("has no other scripts", async () => {
    const made = writeScriptedChatglm(newPath(), { type: 1, script: "poem" as never });
    await expect(made).rejects.toThrow('there is no script "poem". Choose one of alphabet, endless.');
  });
});

/** A SentencePiece model of so many pieces and nothing else. */
function tokens(count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, id) => Buffer.of(0x0a, 3, 0x0a, 1, 0x61 + id)));
}

describe("the description of a .bin file", () => {
  it("says what its header says", async () => {
    const path = newPath();
    await writeRandomChatglm(path, { type: 3, quantisation: "q8_0" });
    expect(await describeModel(path)).toEqual({
      path,
      name: expect.stringMatching(/^made-\d+$/),
      format: "chatglm",
      formatVersion: 2,
      architecture: "chatglm3",
      parameters: 2 * 1280 * 128 + 2 * (256 * 128 + 256 + 128 * 128 + 3 * 256 * 128 + 2 * 128) + 128,
      quantisation: "Q8_0",
      contextLength: 2048,
      layers: 2,
      embeddingLength: 128,
      heads: 4,
      kvHeads: 2,
      headDim: 32,
      vocabulary: 1280,
      chatTemplate: null,
      files: [{ path, bytes: expect.any(Number) }],
      tensorBytes: { Q8_0: (34 / 32) * 128 * (2 * 1280 + 2 * (256 + 128 + 768)), F32: 4 * (2 * (256 + 256) + 128) },
      matrices: expect.arrayContaining([
        { type: "Q8_0", shape: [128, 1280], use: "looked up", bytes: (34 / 32) * 128 * 1280 },
        { type: "Q8_0", shape: [128, 1280], use: "multiplied", bytes: (34 / 32) * 128 * 1280 },
      ]),
      purpose: "text",
      unconvertible: null,
    });
  });

  it.each([
    [1, "chatglm", 2],
    [2, "chatglm2", 1],
    [4, "glm4", 1],
  ] as const)("of type %i says that it is %s", async (type, architecture, kvHeads) => {
    const path = newPath();
    await writeScriptedChatglm(path, { type, script: "endless" });
    expect(await describeModel(path)).toMatchObject({ architecture, kvHeads, quantisation: "F16" });
  });

  it("of type 1004 says that it is glm4v", async () => {
    const path = newPath();
    const bytes = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte));
    await writeFile(path, smallChatglm({ type: 1004, tokenizer: encodeTiktoken(bytes), config: { vocabulary: 270 } }));
    expect(await describeModel(path)).toMatchObject({ architecture: "glm4v", vocabulary: 270 });
  });

  it.each<[string, SmallChatglm, RegExp]>([
    ["no tokenizer's bytes", {}, /has a broken tokenizer/],
    ["more tokens than rows", { tokenizer: tokens(7) }, /tokenizer of 16 tokens, and rows for 6/],
    ["more tokens than rows, once the engine adds its own", { tokenizer: tokens(6) }, /of 15 tokens, and rows for 6/],
    ["a broken list of ranks", { type: 4 }, /line at byte 0/],
  ])("fails with %s", async (_, options, message) => {
    const path = newPath();
    await writeFile(path, smallChatglm(options));
    for (const ask of [describeModel, inspectModel]) {
      await expect(ask(path)).rejects.toMatchObject({
        code: "CORRAL_MODEL_BROKEN",
        message: expect.stringMatching(message),
      });
    }
  });
});
