import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { numbers, text } from "../../src/model/gguf/encode.ts";
import { readGguf } from "../../src/model/gguf/read.ts";
import { writeGguf } from "../../src/model/gguf/write.ts";
import { SMALL_METADATA, smallModel, temporaryFolder, zeros } from "./kit.ts";

const folder = await temporaryFolder();

describe("what is written", () => {
  it("reads back the same, for each type of value", async () => {
    await smallModel(folder);
    const { metadata, version, alignment } = await readGguf(join(folder, "small.gguf"));
    const plain = [...metadata].map(([key, value]) => [key, value.type === "array" ? value.values : value.value]);
    expect({ version, alignment }).toEqual({ version: 3, alignment: 32 });
    expect(plain).toEqual([
      ["general.architecture", "llama"],
      ["general.name", "små 模型"],
      ["llama.block_count", 2],
      ["llama.context_length", 512],
      ["llama.embedding_length", 64],
      ["llama.attention.head_count", 4],
      ["llama.attention.head_count_kv", [2, 1]],
      ["tokenizer.ggml.tokens", ["a", "b", "", "ü"]],
      ["test.u8", 255],
      ["test.i8", -128],
      ["test.u16", 65_535],
      ["test.i16", -32_768],
      ["test.i32", -2_147_483_648],
      ["test.f32", 0.5],
      ["test.f64", Math.PI],
      ["test.u64", 18_446_744_073_709_551_615n],
      ["test.i64", -5],
      ["test.yes", true],
      ["test.no", false],
    ]);
    expect([...metadata.values()].map(({ type }) => type)).toEqual(SMALL_METADATA.map(([, { type }]) => type));
  });

  it("has each tensor at a multiple of the alignment, one after the other", async () => {
    const bytes = await smallModel(folder);
    const { tensors, dataOffset } = await readGguf(join(folder, "small.gguf"));
    expect(tensors.map(({ name, shape, offset, bytes: size }) => [name, shape, offset - dataOffset, size])).toEqual([
      ["token_embd.weight", [64, 4], 0, 1024],
      ["blk.0.norm", [3], 1024, 12],
      ["blk.0.w", [2, 3, 2], 1056, 48],
    ]);
    expect(dataOffset % 32).toBe(0);
    expect(bytes.length).toBe(dataOffset + 1056 + 64);
  });

  it("is not there when a tensor came out at another size than it was said to have", async () => {
    const path = join(folder, "wrong.gguf");
    const tensor = { ...zeros("t", [32]), data: () => [Buffer.alloc(100)] };
    await expect(writeGguf(path, { metadata: [], tensors: [tensor] })).rejects.toMatchObject({
      code: "CORRAL_INTERNAL",
    });
    expect((await readdir(folder)).filter((name) => name.includes("wrong"))).toEqual([]);
  });

  it("replaces what was there only when it is whole", async () => {
    const path = join(folder, "there.gguf");
    await writeFile(path, "before");
    const failing = {
      ...zeros("t", [32]),
      data: () => {
        throw new Error("no data");
      },
    };
    await expect(writeGguf(path, { metadata: [], tensors: [failing] })).rejects.toThrow("no data");
    await expect(readGguf(path)).rejects.toThrow("a text file");
    await writeGguf(path, { metadata: [["general.architecture", text("x")]], tensors: [] });
    expect((await readGguf(path)).metadata.size).toBe(1);
  });

  it("says why it can't be written", async () => {
    const write = (path: string): Promise<void> => writeGguf(path, { metadata: [], tensors: [] });
    await expect(write(join(folder, "no", "such.gguf"))).rejects.toMatchObject({
      code: "CORRAL_WRITE_FAILED",
      facts: { reason: "ENOENT" },
    });
    await expect(write(folder)).rejects.toMatchObject({ code: "CORRAL_WRITE_FAILED" });
    await writeFile(join(folder, "a-file"), "");
    await expect(write(join(folder, "a-file", "x"))).rejects.toMatchObject({ code: "CORRAL_WRITE_FAILED" });
  });
});

describe("long arrays", () => {
  it("are read when they are asked for", async () => {
    const path = join(folder, "long.gguf");
    const values = Array.from({ length: 5000 }, (_, index) => index);
    await writeGguf(path, { metadata: [["numbers", numbers("u16", values)]], tensors: [] });
    const [short, all] = [await readGguf(path), await readGguf(path, { arrays: "all" })];
    expect(short.metadata.get("numbers")).toMatchObject({ length: 5000, of: "u16", values: null, bytes: 10_012 });
    expect(all.metadata.get("numbers")).toMatchObject({ length: 5000, values });
  });
});
