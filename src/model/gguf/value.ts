import type { FixedType, Shape, TensorType, ValueType } from "./types.ts";

export type Scalar = number | bigint | boolean | string;

/** Where a value's bytes (without its type) are in the file: what a copy needs. */
interface Stored {
  readonly offset: number;
  readonly bytes: number;
}

/** One metadata value as a file holds it. 64-bit integers are bigints only where a number would lose digits. */
export type GgufValue = GgufScalar | GgufArray;

interface GgufScalar extends Stored {
  readonly type: FixedType | "string";
  readonly value: Scalar;
}

export interface GgufArray extends Stored {
  readonly type: "array";
  readonly of: ValueType;
  /** Number of elements. */
  readonly length: number;
  /** The elements, or null where the array is long and was not asked for. */
  readonly values: readonly (Scalar | GgufArray)[] | null;
}

export interface GgufTensor {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: Shape;
  /** From the beginning of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** What one GGUF file says about itself. */
export interface GgufHeader {
  readonly version: number;
  readonly alignment: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
  /** Where tensor data begins. */
  readonly dataOffset: number;
}
