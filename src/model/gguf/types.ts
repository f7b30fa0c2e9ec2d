/** The numbers of the GGUF format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md and ggml.h of v0.5.0. */

export const MAGIC = 0x46554747; // "GGUF", little-endian
export const DEFAULT_ALIGNMENT = 32;

/** Metadata value types by name, with their numbers in a file. */
export const VALUE_TYPES = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;

export type ValueType = keyof typeof VALUE_TYPES;
/** Types whose values all take the same number of bytes. */
export type FixedType = Exclude<ValueType, "string" | "array">;

/** Bytes of one value. */
export const FIXED_SIZES: Readonly<Record<FixedType, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  bool: 1,
  u64: 8,
  i64: 8,
  f64: 8,
};

interface Block {
  readonly id: number;
  /** Weights in a block; rows are whole numbers of blocks. */
  readonly weights: number;
  /** Bytes of a block. */
  readonly bytes: number;
}

const block = (id: number, weights: number, bytes: number): Block => ({ id, weights, bytes });

/** Tensor types by name: sizes as in `GGML_QUANT_SIZES` of gguf-py. */
export const TENSOR_TYPES = {
  F32: block(0, 1, 4),
  F16: block(1, 1, 2),
  Q4_0: block(2, 32, 18),
  Q4_1: block(3, 32, 20),
  Q5_0: block(6, 32, 22),
  Q5_1: block(7, 32, 24),
  Q8_0: block(8, 32, 34),
  Q8_1: block(9, 32, 36),
  Q2_K: block(10, 256, 84),
  Q3_K: block(11, 256, 110),
  Q4_K: block(12, 256, 144),
  Q5_K: block(13, 256, 176),
  Q6_K: block(14, 256, 210),
  Q8_K: block(15, 256, 292),
  IQ2_XXS: block(16, 256, 66),
  IQ2_XS: block(17, 256, 74),
  IQ3_XXS: block(18, 256, 98),
  IQ1_S: block(19, 256, 50),
  IQ4_NL: block(20, 32, 18),
  IQ3_S: block(21, 256, 110),
  IQ2_S: block(22, 256, 82),
  IQ4_XS: block(23, 256, 136),
  I8: block(24, 1, 1),
  I16: block(25, 1, 2),
  I32: block(26, 1, 4),
  I64: block(27, 1, 8),
  F64: block(28, 1, 8),
  IQ1_M: block(29, 256, 56),
  BF16: block(30, 1, 2),
  TQ1_0: block(34, 256, 54),
  TQ2_0: block(35, 256, 66),
  MXFP4: block(39, 32, 17),
  NVFP4: block(40, 64, 36),
  Q1_0: block(41, 128, 18),
  Q2_0: block(42, 64, 18),
} as const satisfies Record<string, Block>;

export type TensorType = keyof typeof TENSOR_TYPES;

const typeNames = Object.keys(TENSOR_TYPES) as TensorType[];
const valueNames = Object.keys(VALUE_TYPES) as ValueType[];

export const tensorTypeOf = (id: number): TensorType | undefined =>
  typeNames.find((name) => TENSOR_TYPES[name].id === id);

export const valueTypeOf = (id: number): ValueType | undefined => valueNames.find((name) => VALUE_TYPES[name] === id);

/** Columns first, as GGUF has it: the first number is the length of a row. */
export type Shape = readonly number[];

export const weightsOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

export const bytesOf = (type: TensorType, shape: Shape): number =>
  (weightsOf(shape) / TENSOR_TYPES[type].weights) * TENSOR_TYPES[type].bytes;

/** The next multiple of `alignment`. Not by bit operations: files are longer than 2^31. */
export const align = (position: number, alignment: number): number => Math.ceil(position / alignment) * alignment;
