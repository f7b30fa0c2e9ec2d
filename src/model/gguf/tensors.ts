import type { Cursor } from "../cursor.ts";
import { align, bytesOf, type Shape, TENSOR_TYPES, type TensorType, tensorTypeOf, weightsOf } from "./types.ts";
import type { GgufTensor } from "./value.ts";

/** Limits of ggml.h: GGML_MAX_NAME with its end mark, and GGML_MAX_DIMS. */
const LONGEST_NAME = 63;
const MOST_DIMENSIONS = 4;

/** As the table says it: offsets count from the beginning of the data. */
interface Entry {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: Shape;
  readonly offset: number;
}

/** The table of tensors, each checked by itself. Throws CORRAL_MODEL_BROKEN. */
export async function readTensorTable(cursor: Cursor, count: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  const names = new Set<string>();
  for (let index = 0; index < count; index++) {
    cursor.section = `its tensor table (entry ${index + 1} of ${count})`;
    const entry = await readEntry(cursor);
    if (names.has(entry.name)) throw cursor.broken(`has the tensor ${JSON.stringify(entry.name)} twice`);
    names.add(entry.name);
    entries.push(entry);
  }
  return entries;
}

async function readEntry(cursor: Cursor): Promise<Entry> {
  const name = await cursor.string(LONGEST_NAME);
  if (name === "") throw cursor.broken(`has a tensor without a name in ${cursor.section}`);
  await cursor.fill(4);
  const dimensions = cursor.u32();
  if (dimensions > MOST_DIMENSIONS) {
    throw cursor.broken(
      `has a tensor of ${dimensions} dimensions, ${JSON.stringify(name)}; ${MOST_DIMENSIONS} are allowed`,
    );
  }
  await cursor.fill(dimensions * 8 + 4 + 8);
  const shape = Array.from({ length: dimensions }, () => cursor.length());
  const id = cursor.u32();
  const offset = cursor.length();
  const type = tensorTypeOf(id);
  if (type === undefined) throw cursor.broken(`has a tensor of the unknown type ${id}, ${JSON.stringify(name)}`);
  if (!isPossible(type, shape)) {
    throw cursor.broken(`has a tensor of the impossible shape ${shape.join(" x ")} (${type}), ${JSON.stringify(name)}`);
  }
  return { name, type, shape, offset };
}

/** Rows are whole blocks, and all numbers exact: each partial product too, for a later dimension may be 0. */
function isPossible(type: TensorType, shape: Shape): boolean {
  const exact = shape.every((_, index) => Number.isSafeInteger(weightsOf(shape.slice(0, index + 1))));
  return exact && Number.isSafeInteger(bytesOf(type, shape)) && (shape[0] ?? 1) % TENSOR_TYPES[type].weights === 0;
}

/** Puts tensors where the file says, and checks that they lie one after the other, aligned, within the file. */
export function placeTensors(
  entries: readonly Entry[],
  { cursor, dataOffset, size, alignment }: { cursor: Cursor; dataOffset: number; size: number; alignment: number },
): GgufTensor[] {
  let expected = 0;
  return entries.map(({ name, type, shape, offset }) => {
    const bytes = bytesOf(type, shape);
    if (offset !== expected) {
      throw cursor.broken(
        `has the tensor ${JSON.stringify(name)} at offset ${offset} of its data, where ${expected} follows from those before it`,
      );
    }
    const end = dataOffset + offset + bytes;
    if (end > size) {
      throw cursor.broken(`is cut short: it has ${size} bytes, and the tensor ${JSON.stringify(name)} ends at ${end}`);
    }
    expected = align(offset + bytes, alignment);
    return { name, type, shape, offset: dataOffset + offset, bytes };
  });
}
