import {
  align,
  bytesOf,
  DEFAULT_ALIGNMENT,
  FIXED_SIZES,
  type FixedType,
  MAGIC,
  type Shape,
  TENSOR_TYPES,
  type TensorType,
  VALUE_TYPES,
  type ValueType,
} from "./types.ts";

/** A metadata value to write, encoded already: made by the functions below, or copied from another file. */
export interface MadeValue {
  readonly type: ValueType;
  readonly bytes: Uint8Array;
}

const VERSION = 3;

export const u32 = (value: number): MadeValue => fixed("u32", value);
export const f32 = (value: number): MadeValue => fixed("f32", value);
export const bool = (value: boolean): MadeValue => fixed("bool", value ? 1 : 0);
export const fixed = (type: FixedType, value: number | bigint): MadeValue => ({ type, bytes: number(type, value) });
export const text = (value: string): MadeValue => ({ type: "string", bytes: string(value) });
export const texts = (values: readonly string[]): MadeValue => array("string", values.map(string));
export const numbers = (type: FixedType, values: readonly number[]): MadeValue =>
  array(
    type,
    values.map((value) => number(type, value)),
  );

/** The file's first bytes: magic, version, counts, then keys with their values. */
export function* encodeMetadata(
  entries: readonly (readonly [string, MadeValue])[],
  tensorCount: number,
): Generator<Uint8Array> {
  yield number("u32", MAGIC);
  yield number("u32", VERSION);
  yield number("u64", tensorCount);
  yield number("u64", entries.length);
  for (const [key, value] of entries) {
    yield string(key);
    yield number("u32", VALUE_TYPES[value.type]);
    yield value.bytes;
  }
}

/** The table of tensors, which come one after the other in the data, each at a multiple of the alignment. */
export function* encodeTensorInfos(
  tensors: readonly { readonly name: string; readonly type: TensorType; readonly shape: Shape }[],
): Generator<Uint8Array> {
  let offset = 0;
  for (const { name, type, shape } of tensors) {
    yield string(name);
    yield number("u32", shape.length);
    for (const length of shape) yield number("u64", length);
    yield number("u32", TENSOR_TYPES[type].id);
    yield number("u64", offset);
    offset = align(offset + bytesOf(type, shape), DEFAULT_ALIGNMENT);
  }
}

function array(of: ValueType, elements: readonly Uint8Array[]): MadeValue {
  const head = [number("u32", VALUE_TYPES[of]), number("u64", elements.length)];
  return { type: "array", bytes: Buffer.concat([...head, ...elements]) };
}

function string(value: string): Uint8Array {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([number("u64", bytes.length), bytes]);
}

function number(type: FixedType, value: number | bigint): Uint8Array {
  const bytes = Buffer.alloc(FIXED_SIZES[type]);
  ENCODERS[type](bytes, value);
  return bytes;
}

const ENCODERS: Readonly<Record<FixedType, (bytes: Buffer, value: number | bigint) => number>> = {
  u8: (bytes, value) => bytes.writeUInt8(Number(value)),
  i8: (bytes, value) => bytes.writeInt8(Number(value)),
  u16: (bytes, value) => bytes.writeUInt16LE(Number(value)),
  i16: (bytes, value) => bytes.writeInt16LE(Number(value)),
  u32: (bytes, value) => bytes.writeUInt32LE(Number(value)),
  i32: (bytes, value) => bytes.writeInt32LE(Number(value)),
  f32: (bytes, value) => bytes.writeFloatLE(Number(value)),
  bool: (bytes, value) => bytes.writeUInt8(Number(value)),
  u64: (bytes, value) => bytes.writeBigUInt64LE(BigInt(value)),
  i64: (bytes, value) => bytes.writeBigInt64LE(BigInt(value)),
  f64: (bytes, value) => bytes.writeDoubleLE(Number(value)),
};
