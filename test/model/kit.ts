import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { bool, f32, fixed, type MadeValue, numbers, text, texts, u32 } from "../../src/model/gguf/encode.ts";
import { type MadeTensor, writeGguf } from "../../src/model/gguf/write.ts";
import type { ByteSource } from "../../src/model/source.ts";

/** A folder that is gone after the test file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "corral-model-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface CountedSource extends ByteSource {
  readonly bytesRead: () => number;
}

/** A file in memory that counts what is read of it. It may claim to be larger than it is. */
export function memorySource(content: Uint8Array, size = content.length): CountedSource {
  let count = 0;
  return {
    path: "/models/test.gguf",
    size,
    bytesRead: () => count,
    read: async (target, position) => {
      const piece = content.subarray(position, position + target.length);
      target.set(piece);
      count += piece.length;
      return piece.length;
    },
  };
}

/** Bytes by hand: numbers little-endian, texts with their length in front. */
export const le32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
export const le64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
export const sized = (value: string): Buffer => Buffer.concat([le64(Buffer.byteLength(value)), Buffer.from(value)]);

/** A header: counts as they are said, whatever follows. */
export const header = (tensors: number | bigint, keys: number | bigint, ...rest: Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.from("GGUF"), le32(3), le64(tensors), le64(keys), ...rest]);

type Integer = number | bigint;

export const tensorEntry = (name: string, shape: readonly Integer[], type: number, offset: Integer): Buffer =>
  Buffer.concat([sized(name), le32(shape.length), ...shape.map(le64), le32(type), le64(offset)]);

export const zeros = (name: string, shape: readonly number[]): MadeTensor => ({
  name,
  type: "F32",
  shape,
  data: () => [Buffer.alloc(4 * shape.reduce((product, length) => product * length, 1))],
});

/** What a description needs, and one value of each type. */
export const SMALL_METADATA: readonly (readonly [string, MadeValue])[] = [
  ["general.architecture", text("llama")],
  ["general.name", text("små 模型")],
  ["llama.block_count", u32(2)],
  ["llama.context_length", u32(512)],
  ["llama.embedding_length", u32(64)],
  ["llama.attention.head_count", u32(4)],
  ["llama.attention.head_count_kv", numbers("i32", [2, 1])],
  ["tokenizer.ggml.tokens", texts(["a", "b", "", "ü"])],
  ["test.u8", fixed("u8", 255)],
  ["test.i8", fixed("i8", -128)],
  ["test.u16", fixed("u16", 65_535)],
  ["test.i16", fixed("i16", -32_768)],
  ["test.i32", fixed("i32", -(2 ** 31))],
  ["test.f32", f32(0.5)],
  ["test.f64", fixed("f64", Math.PI)],
  ["test.u64", fixed("u64", 2n ** 64n - 1n)],
  ["test.i64", fixed("i64", -5)],
  ["test.yes", bool(true)],
  ["test.no", bool(false)],
];

/** The bytes of a small whole model. */
export async function smallModel(folder: string): Promise<Buffer> {
  const path = join(folder, "small.gguf");
  await writeGguf(path, {
    metadata: SMALL_METADATA,
    tensors: [zeros("token_embd.weight", [64, 4]), zeros("blk.0.norm", [3]), zeros("blk.0.w", [2, 3, 2])],
  });
  return readFile(path);
}
