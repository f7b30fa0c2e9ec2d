import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isChatglm, readChatglm, readChatglmHeader, readTokenizerBytes } from "../../src/model/chatglm/read.ts";
import { SMALL_CONFIG, SMALL_VISION, smallChatglm } from "./chatglm-kit.ts";
import { le32, memorySource, temporaryFolder } from "./kit.ts";

const folder = await temporaryFolder();

const float = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
};

/** A tensor at a place of the file: its head by hand, filling up to 16 bytes, and as many bytes of data. */
function tensorByHand(at: number, name: string, shape: readonly number[], type: number, bytes: number): Buffer {
  const head = Buffer.concat([
    le32(name.length),
    Buffer.from(name),
    le32(shape.length),
    ...shape.map(le32),
    le32(type),
  ]);
  return Buffer.concat([head, Buffer.alloc((16 - ((at + head.length) % 16)) % 16), Buffer.alloc(bytes)]);
}

/** The tensors of a ChatGLM3 of one layer: 4 tokens, 8 dimensions in 2 heads, 1 for keys and values, 2 gates. */
function tensorsByHand(start: number): Buffer {
  const layer = "transformer.encoder.layers.0.";
  const list: [string, number[], number, number][] = [
    ["transformer.embedding.word_embeddings.weight", [4, 8], 1, 64],
    [`${layer}input_layernorm.weight`, [8], 0, 32],
    [`${layer}self_attention.query_key_value.weight`, [16, 8], 1, 256],
    [`${layer}self_attention.query_key_value.bias`, [16], 0, 64],
    [`${layer}self_attention.dense.weight`, [8, 8], 1, 128],
    [`${layer}post_attention_layernorm.weight`, [8], 0, 32],
    [`${layer}mlp.dense_h_to_4h.weight`, [4, 8], 1, 64],
    [`${layer}mlp.dense_4h_to_h.weight`, [8, 2], 1, 32],
    ["transformer.encoder.final_layernorm.weight", [8], 0, 32],
    ["transformer.output_layer.weight", [4, 8], 1, 64],
  ];
  return list.reduce(
    (file, [name, shape, type, bytes]) =>
      Buffer.concat([file, tensorByHand(start + file.length, name, shape, type, bytes)]),
    Buffer.alloc(0),
  );
}

describe("a .bin file", () => {
  it("of version 2 is read as its bytes have it", async () => {
    const numbers = [1, 4, 8, 2, 1, 1, 2].map(le32);
    const head = Buffer.concat([
      Buffer.from("ggml"),
      ...[3, 2].map(le32),
      ...numbers,
      float(1e-5),
      le32(0),
      float(10_000),
      ...[4096, 2, 0].map(le32),
      le32(3),
      Buffer.from("abc"),
    ]);
    const { tensors, ...rest } = await readChatglmHeader(memorySource(Buffer.concat([head, tensorsByHand(71)])));
    expect(rest).toEqual({
      type: 3,
      version: 2,
      config: {
        dtype: "F16",
        vocabulary: 4,
        hidden: 8,
        heads: 2,
        kvHeads: 1,
        layers: 1,
        ffn: 2,
        normEps: Math.fround(1e-5),
        virtualTokens: 0,
        ropeTheta: 10_000,
        maxLength: 4096,
        bos: null,
        eos: 2,
        pad: 0,
        sep: null,
      },
      vision: null,
      tokenizer: { offset: 68, length: 3 },
    });
    expect(tensors).toHaveLength(10);
    expect(tensors[0]).toEqual({
      name: "transformer.embedding.word_embeddings.weight",
      shape: [4, 8],
      type: "F16",
      offset: 144,
      bytes: 64,
    });
  });

  it("of version 1 is read as its bytes have it", async () => {
    const numbers = [1, 4, 8, 2, 1, 2, 4096, 3, 2, -1, -1, 1].map((value) => le32(value >>> 0));
    const head = Buffer.concat([Buffer.from("ggml"), ...[2, 1].map(le32), ...numbers, le32(2), Buffer.from("ab")]);
    const { config, tokenizer } = await readChatglmHeader(memorySource(Buffer.concat([head, tensorsByHand(66)])));
    expect(config).toMatchObject({ kvHeads: 1, maxLength: 4096, bos: 3, eos: 2, pad: -1, sep: -1 });
    expect(config).toMatchObject({ normEps: 1e-5, virtualTokens: 0, ropeTheta: 10_000 });
    expect(tokenizer).toEqual({ offset: 64, length: 2 });
  });

  it.each([
    [1, 1, 27],
    [1, 2, 27],
    [2, 1, 17],
    [2, 2, 17],
    [3, 1, 17],
    [3, 2, 17],
    [4, 2, 17],
    [1004, 2, 43],
  ] as const)("of type %i and version %i is read", async (type, version, count) => {
    const header = await readChatglmHeader(memorySource(smallChatglm({ type, version })));
    expect(header).toMatchObject({ type, version, vision: type === 1004 ? SMALL_VISION : null });
    expect(header.tensors).toHaveLength(count);
    expect(header.config.ffn).toBe(SMALL_CONFIG.ffn);
  });

  it("may hold the prefix of p-tuning", async () => {
    const { tensors } = await readChatglmHeader(memorySource(smallChatglm({ config: { virtualTokens: 3 } })));
    expect(tensors[0]).toMatchObject({ name: "past_key_values", shape: [4, 2, 3, 4], type: "F16", bytes: 192 });
  });

  it("may have its tensors in any order, with leading ones in their shapes", async () => {
    const change = (tensor: { name: string; shape: readonly number[]; type: "F32" }) => ({
      ...tensor,
      shape: tensor.shape.length === 1 ? [1, ...tensor.shape] : tensor.shape,
    });
    const content = smallChatglm({ change: change as never });
    await expect(readChatglmHeader(memorySource(content))).resolves.toMatchObject({ type: 3 });
  });

  it("is read without its weights", async () => {
    const source = memorySource(smallChatglm({ config: { vocabulary: 10_000, ffn: 4096 } }));
    expect(source.size).toBeGreaterThan(2_500_000);
    await readChatglmHeader(source);
    expect(source.bytesRead()).toBeLessThan(20 * 512);
  });

  it("gives its tokenizer", async () => {
    const path = join(folder, "small.bin");
    await writeFile(path, smallChatglm());
    const file = await readChatglm(path);
    expect(file).toMatchObject({ path, size: smallChatglm().length });
    expect(String(await readTokenizerBytes(file))).toBe("token");
  });

  it.each([
    ["ggml", true],
    ["GGUF", false],
    ["ggm", false],
    ["", false],
  ])("begins with %j: %s", async (start, expected) => {
    const path = join(folder, "start");
    await writeFile(path, start);
    expect(await isChatglm(path)).toBe(expected);
  });

  it("must be there", async () => {
    await expect(isChatglm(join(folder, "none.bin"))).rejects.toMatchObject({ code: "CORRAL_MODEL_MISSING" });
    await expect(readChatglm(folder)).rejects.toMatchObject({ code: "CORRAL_MODEL_MISSING" });
  });
});
