import type { Cursor } from "../cursor.ts";
import { FIXED_SIZES, type FixedType, type ValueType, valueTypeOf } from "./types.ts";
import type { GgufArray, GgufValue, Scalar } from "./value.ts";

/** Bytes; as the format's document has it. */
const LONGEST_KEY = 65_535;
/** An array in an array in an array; no known model has even the second. */
const DEEPEST = 4;
const MOST_NESTED = 65_536;
/** Bytes that the elements of an array take, up to which it is read without being asked for. */
const SHORT_ARRAY = 4096;

export interface MetadataOptions {
  /** Which arrays to read: only short ones (up to 4 KiB), or all, vocabularies too. Default "short". */
  readonly arrays?: "short" | "all" | undefined;
}

/** Keys with their values. Throws CORRAL_MODEL_BROKEN. */
export async function readMetadata(
  cursor: Cursor,
  count: number,
  { arrays = "short" }: MetadataOptions,
): Promise<Map<string, GgufValue>> {
  const reader: Reader = { cursor, longestArray: arrays === "all" ? Number.POSITIVE_INFINITY : SHORT_ARRAY, nested: 0 };
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < count; index++) {
    cursor.section = `its metadata (key ${index + 1} of ${count})`;
    const key = await cursor.string(LONGEST_KEY);
    if (key === "") throw cursor.broken("has metadata without a key");
    if (metadata.has(key)) throw cursor.broken(`has the key ${JSON.stringify(shortened(key))} twice`);
    metadata.set(key, await readValue(reader, await readType(cursor)));
  }
  return metadata;
}

const shortened = (key: string): string => (key.length > 100 ? `${key.slice(0, 100)}...` : key);

interface Reader {
  readonly cursor: Cursor;
  readonly longestArray: number;
  /** Arrays met inside of arrays. */
  nested: number;
}

async function readType(cursor: Cursor): Promise<ValueType> {
  await cursor.fill(4);
  const id = cursor.u32();
  const type = valueTypeOf(id);
  if (type === undefined) throw cursor.broken(`has a value of the unknown type ${id} in ${cursor.section}`);
  return type;
}

async function readValue(reader: Reader, type: ValueType): Promise<GgufValue> {
  if (type === "array") return readArray(reader, 1);
  const offset = reader.cursor.position;
  const value = await readScalar(reader.cursor, type);
  return { type, value, offset, bytes: reader.cursor.position - offset };
}

async function readScalar(cursor: Cursor, type: FixedType | "string"): Promise<Scalar> {
  if (type === "string") return cursor.string();
  await cursor.fill(FIXED_SIZES[type]);
  cursor.keep(0);
  return cursor.number(type);
}

async function readArray(reader: Reader, depth: number): Promise<GgufArray> {
  const { cursor } = reader;
  const offset = cursor.position;
  const of = await readType(cursor);
  await cursor.fill(8);
  const length = cursor.length();
  if (length * LEAST_BYTES[of] > cursor.left) {
    throw cursor.broken(
      `says that it has an array of ${length} elements in ${cursor.section}, and is too short for it`,
    );
  }
  cursor.keep(0);
  const values = await readElements(reader, of, length, depth);
  return { type: "array", of, length, values, offset, bytes: cursor.position - offset };
}

/** Bytes that an element takes at least. */
const LEAST_BYTES: Readonly<Record<ValueType, number>> = { ...FIXED_SIZES, string: 8, array: 12 };

function readElements(reader: Reader, of: ValueType, length: number, depth: number): Promise<GgufArray["values"]> {
  if (of === "array") return readNested(reader, length, depth);
  if (of === "string") return readStrings(reader, length);
  return readNumbers(reader, of, length);
}

async function readNumbers({ cursor, longestArray }: Reader, of: FixedType, length: number): Promise<Scalar[] | null> {
  const bytes = length * FIXED_SIZES[of];
  if (bytes > longestArray) {
    cursor.skip(bytes);
    return null;
  }
  const values: Scalar[] = [];
  for (let index = 0; index < length; index++) {
    if (!cursor.ready(FIXED_SIZES[of])) await cursor.fill(FIXED_SIZES[of]);
    cursor.keep(0);
    values.push(cursor.number(of));
  }
  return values;
}

async function readStrings({ cursor, longestArray }: Reader, length: number): Promise<string[] | null> {
  const start = cursor.position;
  let values: string[] | null = [];
  for (let index = 0; index < length; index++) {
    if (!cursor.ready(8)) await cursor.fill(8);
    const bytes = cursor.length();
    if (cursor.position + bytes - start > longestArray) values = null;
    if (values === null) cursor.skip(bytes);
    else values.push(await cursor.text(bytes));
  }
  return values;
}

async function readNested(reader: Reader, length: number, depth: number): Promise<GgufArray[]> {
  reader.nested += length;
  if (depth >= DEEPEST || reader.nested > MOST_NESTED) {
    throw reader.cursor.broken(`has arrays nested too deep or too often in ${reader.cursor.section}`);
  }
  const values: GgufArray[] = [];
  for (let index = 0; index < length; index++) values.push(await readArray(reader, depth + 1));
  return values;
}
