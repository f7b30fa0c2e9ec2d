import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeModel } from "../../src/model/describe.ts";
import { fixed, type MadeValue, numbers, text, u32 } from "../../src/model/gguf/encode.ts";
import { writeGguf } from "../../src/model/gguf/write.ts";
import { inspectModel } from "../../src/model/inspect.ts";
import { SMALL_METADATA, smallModel, temporaryFolder, zeros } from "./kit.ts";

const folder = await temporaryFolder();
let files = 0;

/** The small model with other metadata; null leaves a key out. */
async function modelWith(changes: Record<string, MadeValue | null>, architecture = "llama"): Promise<string> {
  const path = join(folder, `model-${files++}.gguf`);
  const metadata = new Map(SMALL_METADATA.map(([key, value]) => [key.replace(/^llama\./, `${architecture}.`), value]));
  metadata.set("general.architecture", text(architecture));
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) metadata.delete(key);
    else metadata.set(key, value);
  }
  await writeGguf(path, { metadata, tensors: [zeros("token_embd.weight", [64, 4])] });
  return path;
}

describe("a description", () => {
  it("says what the header says", async () => {
    await smallModel(folder);
    const path = join(folder, "small.gguf");
    expect(await describeModel(path)).toEqual({
      path,
      name: "small",
      format: "gguf",
      formatVersion: 3,
      architecture: "llama",
      parameters: 256 + 3 + 12,
      quantisation: "F32",
      contextLength: 512,
      layers: 2,
      embeddingLength: 64,
      heads: 4,
      kvHeads: 2,
      headDim: 16,
      vocabulary: 4,
      chatTemplate: null,
      files: [{ path, bytes: expect.any(Number) }],
      tensorBytes: { F32: 1024 + 12 + 48 },
      matrices: expect.any(Array),
      purpose: "text",
    });
  });

  it.each<[string, Record<string, MadeValue | null>, object]>([
    ["as many kv heads as heads where it doesn't say", { "llama.attention.head_count_kv": null }, { kvHeads: 4 }],
    ["the head size it says", { "llama.attention.key_length": u32(128) }, { headDim: 128 }],
    ["no context where it doesn't say", { "llama.context_length": null }, { contextLength: null }],
    ["the template", { "tokenizer.chat_template": text("{{x}}") }, { chatTemplate: "{{x}}" }],
    [
      "no heads of a model without attention",
      { "llama.attention.head_count": null, "llama.attention.head_count_kv": null },
      { heads: 0, kvHeads: 0, headDim: 0 },
    ],
    ["pooling of a model that embeds", { "llama.pooling_type": u32(3) }, { purpose: "embedding" }],
    ["pooling of a model that ranks", { "llama.pooling_type": u32(4) }, { purpose: "ranking" }],
    ["no pooling of one that doesn't", { "llama.pooling_type": u32(0) }, { purpose: "text" }],
    ["vocab_size without tokens", { "tokenizer.ggml.tokens": null, "llama.vocab_size": u32(9) }, { vocabulary: 9 }],
    ["the embedding's rows without either", { "tokenizer.ggml.tokens": null }, { vocabulary: 4 }],
    ["the largest of a number per layer", { "llama.attention.head_count": numbers("u32", [2, 8, 0]) }, { heads: 8 }],
  ])("has %s", async (_, changes, expected) => {
    expect(await describeModel(await modelWith(changes))).toMatchObject(expected);
  });

  it.each<[string, string[], string, string[]]>([
    ["embeddings alone that are the output, too", ["token_embd"], "llama", ["both 64x4"]],
    ["embeddings of an encoder, which has no output", ["token_embd"], "bert", ["looked up 64x4"]],
    ["embeddings beside an output", ["token_embd", "output"], "llama", ["looked up 64x4", "multiplied 64x4"]],
    ["layers alike as one", ["output", "blk.0.ffn_up", "blk.1.ffn_up"], "llama", ["multiplied 64x4"]],
  ])("counts %s", async (_, names, architecture, expected) => {
    const path = join(folder, `model-${files++}.gguf`);
    const metadata = SMALL_METADATA.map(([key, value]): [string, MadeValue] => [
      key.replace(/^llama\./, `${architecture}.`),
      key === "general.architecture" ? text(architecture) : value,
    ]);
    const tensors = [...names.map((name) => zeros(`${name}.weight`, [64, 4])), zeros("output_norm.weight", [64])];
    await writeGguf(path, { metadata, tensors });
    const { matrices } = await describeModel(path);
    expect(matrices.map(({ use, shape }) => `${use} ${shape.join("x")}`)).toEqual(expected);
    expect(matrices.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(names.length * 64 * 4 * 4);
  });

  it("knows encoders by their architecture", async () => {
    expect(await describeModel(await modelWith({}, "nomic-bert"))).toMatchObject({ purpose: "embedding", layers: 2 });
  });

  it.each<[string, Record<string, MadeValue | null>, RegExp]>([
    ["no architecture", { "general.architecture": null }, /architecture/],
    ["an architecture that is a number", { "general.architecture": u32(1) }, /is not text/],
    ["a nonsensical architecture", { "general.architecture": text("\u001b[2J") }, /nonsense/],
    ["no layers", { "llama.block_count": null }, /llama\.block_count/],
    ["0 layers", { "llama.block_count": u32(0) }, /llama\.block_count/],
    ["layers as text", { "llama.block_count": text("2") }, /not a whole number/],
    ["negative heads", { "llama.attention.head_count": fixed("i32", -4) }, /not a whole number/],
    ["a fraction of a head", { "llama.attention.head_count": fixed("f32", 1.5) }, /not a whole number/],
    ["2^60 of context", { "llama.context_length": fixed("u64", 2n ** 60n) }, /not a whole number/],
    ["a template that is no text", { "tokenizer.chat_template": u32(1) }, /is not text/],
    ["no number per layer", { "llama.attention.head_count": numbers("u32", []) }, /not a whole number/],
  ])("is refused with %s", async (_, changes, message) => {
    await expect(describeModel(await modelWith(changes))).rejects.toMatchObject({
      code: "CORRAL_MODEL_BROKEN",
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, Record<string, MadeValue | null>]>([
    ["a LoRA adapter", { "general.type": text("adapter") }],
    ["a projector", { "general.type": text("mmproj") }],
  ])("is refused for %s", async (what, changes) => {
    await expect(describeModel(await modelWith(changes))).rejects.toMatchObject({
      code: "CORRAL_MODEL_UNSUPPORTED",
      message: expect.stringContaining(what),
    });
  });

  it("is refused for a vocabulary without weights", async () => {
    const path = join(folder, "vocab.gguf");
    await writeGguf(path, { metadata: SMALL_METADATA, tensors: [] });
    await expect(describeModel(path)).rejects.toMatchObject({ code: "CORRAL_MODEL_UNSUPPORTED" });
  });

  it.each([
    ["", /is a folder/],
    ["none.gguf", /does not exist/],
    ["small.gguf/below", /does not exist/],
  ])("is refused where there is no file: %j", async (name, message) => {
    await smallModel(folder);
    await expect(describeModel(join(folder, name))).rejects.toMatchObject({
      code: "CORRAL_MODEL_MISSING",
      message: expect.stringMatching(message),
    });
  });

  it("is refused for a device, without waiting for it", async () => {
    await expect(describeModel("/dev/null")).rejects.toMatchObject({ code: "CORRAL_MODEL_MISSING" });
  });
});

describe("an inspection", () => {
  it("is plain JSON, with long arrays by their length", async () => {
    const tokens = numbers(
      "i32",
      Array.from({ length: 129 }, () => 1),
    );
    const inspection = await inspectModel(await modelWith({ "test.long": tokens }));
    expect(JSON.parse(JSON.stringify(inspection))).toMatchObject({
      architecture: "llama",
      metadata: {
        "general.name": "små 模型",
        "tokenizer.ggml.tokens": ["a", "b", "", "ü"],
        "test.long": { array: "i32", length: 129 },
        "test.u64": "18446744073709551615",
        "test.yes": true,
      },
    });
  });
});
