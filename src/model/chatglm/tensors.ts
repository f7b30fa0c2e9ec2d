import type { Cursor } from "../cursor.ts";
import { align, bytesOf, tensorTypeOf } from "../gguf/types.ts";
import { ALIGNMENT, type RowsFirst, type WantedTensor, WEIGHT_TYPES, type WeightType } from "./layout.ts";

export interface ChatglmTensor {
  readonly name: string;
  /** As in the file: the last number is the length of a row. */
  readonly shape: RowsFirst;
  readonly type: WeightType;
  /** From the beginning of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** Bytes. The longest of a real model has 78. */
const LONGEST_NAME = 256;
const MOST_DIMENSIONS = 4;

/** Walks over the tensors up to the file's end: those that are wanted, each once, and nothing else. Reads no weights. */
export async function readTensors(cursor: Cursor, wanted: readonly WantedTensor[]): Promise<ChatglmTensor[]> {
  const missing = new Map(wanted.map((tensor) => [tensor.name, tensor]));
  const known = new Set(missing.keys());
  const tensors: ChatglmTensor[] = [];
  while (missing.size > 0) {
    cursor.section = `its tensors (${tensors.length + 1} of ${wanted.length})`;
    if (cursor.left === 0) throw lacking(cursor, missing, wanted.length);
    const tensor = await readTensor(cursor);
    const quoted = JSON.stringify(tensor.name);
    const expected = missing.get(tensor.name);
    if (expected === undefined) {
      throw cursor.broken(
        known.has(tensor.name) ? `has the tensor ${quoted} twice` : `has the strange tensor ${quoted}`,
      );
    }
    requireSame(cursor, tensor, expected);
    tensors.push(passData(cursor, tensor));
    missing.delete(tensor.name);
  }
  if (cursor.left > 0) throw cursor.broken(`has ${cursor.left} bytes after its last tensor`);
  return tensors;
}

async function readTensor(cursor: Cursor): Promise<WantedTensor> {
  await cursor.fill(4);
  const length = int(cursor);
  if (length < 1 || length > LONGEST_NAME) throw cursor.broken(`has a name of ${length} bytes in ${cursor.section}`);
  const name = await cursor.text(length);
  const quoted = JSON.stringify(name);
  await cursor.fill(4);
  const dimensions = int(cursor);
  if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
    throw cursor.broken(`has a tensor of ${dimensions} dimensions, ${quoted}`);
  }
  await cursor.fill(4 * dimensions + 4);
  const shape = Array.from({ length: dimensions }, () => int(cursor));
  const id = int(cursor);
  const type = WEIGHT_TYPES.find((one) => one === tensorTypeOf(id));
  if (type === undefined) throw cursor.broken(`has a tensor of the unknown type ${id}, ${quoted}`);
  return { name, shape, type };
}

const int = (cursor: Cursor): number => Number(cursor.number("i32"));

function requireSame(cursor: Cursor, tensor: WantedTensor, expected: WantedTensor): void {
  if (tensor.type === expected.type && shapeText(tensor.shape) === shapeText(expected.shape)) return;
  const text = ({ shape, type }: WantedTensor): string => `${shape.join(" x ")} (${type})`;
  throw cursor.broken(
    `has a tensor ${JSON.stringify(tensor.name)} of ${text(tensor)}, where its configuration wants ${text(expected)}`,
  );
}

/** Leading ones mean nothing, and files differ in them. */
const shapeText = (shape: RowsFirst): string => shape.join(" x ").replace(/^(1 x )+/, "");

function passData(cursor: Cursor, tensor: WantedTensor): ChatglmTensor {
  cursor.section = `its tensor ${JSON.stringify(tensor.name)}`;
  cursor.pass(align(cursor.position, ALIGNMENT) - cursor.position);
  const offset = cursor.position;
  const bytes = bytesOf(tensor.type, tensor.shape);
  cursor.pass(bytes);
  return { ...tensor, offset, bytes };
}

function lacking(cursor: Cursor, missing: ReadonlyMap<string, WantedTensor>, total: number): Error {
  const [first = ""] = missing.keys();
  return cursor.broken(
    `is cut short: it lacks ${missing.size} of its ${total} tensors, the first ${JSON.stringify(first)}`,
  );
}
