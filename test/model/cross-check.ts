import { gguf } from "@huggingface/gguf";
import { expect } from "vitest";
import { readGguf } from "../../src/model/gguf/read.ts";
import { TENSOR_TYPES } from "../../src/model/gguf/types.ts";
import type { GgufArray, Scalar } from "../../src/model/gguf/value.ts";

/** Reads a file with our reader and with the one of Hugging Face, and expects the same of both. */
export async function expectSameAsHuggingFace(path: string): Promise<void> {
  const [ours, theirs] = await Promise.all([readGguf(path, { arrays: "all" }), gguf(path, { allowLocalFile: true })]);
  const { version, tensor_count, kv_count, ...metadata } = theirs.metadata as unknown as Record<string, unknown>;

  expect(ours.version).toBe(version);
  expect(BigInt(ours.tensors.length)).toBe(tensor_count);
  expect(BigInt(ours.metadata.size)).toBe(kv_count);
  const values = [...ours.metadata].map(([key, value]) => [key, value.type === "array" ? plain(value) : value.value]);
  expect(Object.fromEntries(values)).toEqual(Object.fromEntries(Object.entries(metadata).map(withoutSmallBigints)));
  expect(
    ours.tensors.map(({ name, shape, type, offset }) => ({
      name,
      shape: shape.map(BigInt),
      dtype: TENSOR_TYPES[type].id,
      offset: BigInt(offset - ours.dataOffset),
    })),
  ).toEqual(theirs.tensorInfos.map(({ name, shape, dtype, offset }) => ({ name, shape, dtype, offset })));
  if (ours.tensors.length > 0) expect(BigInt(ours.dataOffset)).toBe(theirs.tensorDataOffset);
}

const plain = ({ values }: GgufArray): unknown =>
  values?.map((value: Scalar | GgufArray) => (typeof value === "object" ? plain(value) : value));

/** They give all 64-bit integers as bigints, we only those that a number can't hold. */
const withoutSmallBigints = ([key, value]: [string, unknown]): [string, unknown] => [
  key,
  typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value,
];
