/** Weights in single precision to the bytes of a tensor type. */
export type MadeType = "F32" | "F16" | "Q8_0";

export function encodeWeights(type: MadeType, weights: Float32Array): Uint8Array {
  return ENCODERS[type](weights);
}

const ENCODERS: Readonly<Record<MadeType, (weights: Float32Array) => Uint8Array>> = {
  F32: encodeF32,
  F16: encodeF16,
  Q8_0: encodeQ8,
};

function encodeF32(weights: Float32Array): Uint8Array {
  const bytes = Buffer.alloc(weights.length * 4);
  for (const [at, weight] of weights.entries()) bytes.writeFloatLE(weight, at * 4);
  return bytes;
}

function encodeF16(weights: Float32Array): Uint8Array {
  const bytes = Buffer.alloc(weights.length * 2);
  for (const [at, weight] of weights.entries()) {
    if (weight !== 0) bytes.writeUInt16LE(toHalf(weight), at * 2);
  }
  return bytes;
}

const BLOCK = 32;

/** Blocks of 32: the scale in half precision, then 32 signed bytes; rounded as ggml's reference does. */
function encodeQ8(weights: Float32Array): Uint8Array {
  const bytes = Buffer.alloc((weights.length / BLOCK) * (BLOCK + 2));
  for (let from = 0, to = 0; from < weights.length; from += BLOCK, to += BLOCK + 2) {
    const block = weights.subarray(from, from + BLOCK);
    const largest = block.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    const scale = Math.fround(largest / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    bytes.writeUInt16LE(toHalf(scale), to);
    for (const [at, weight] of block.entries()) {
      bytes.writeInt8(roundAwayFromZero(Math.fround(weight * inverse)), to + 2 + at);
    }
  }
  return bytes;
}

const roundAwayFromZero = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The nearest half-precision number's 16 bits; of two equally near ones the even one; infinite beyond 65,504. */
export function toHalf(value: number): number {
  float[0] = value;
  const single = bits[0] ?? 0;
  const sign = (single >>> 16) & 0x8000;
  const magnitude = single & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below the least normal number the value is a multiple of 2^-24.
  if (magnitude < 0x38800000) return sign | roundToEven(Math.abs(value) * 2 ** 24);
  // Rebias the exponent from 127 to 15, then drop 13 bits of the fraction; a carry goes into the exponent, as it should.
  return sign | roundToEven((magnitude - ((127 - 15) << 23)) / 2 ** 13);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
