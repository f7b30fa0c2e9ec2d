import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeWeights, toHalf } from "../../src/model/gguf/quantise.ts";

/** The value of 16 bits in half precision, by the definition of IEEE 754. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

describe("half precision", () => {
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [0.1, 0x2e66],
    [1 / 3, 0x3555],
    [65_504, 0x7bff],
    [65_519, 0x7bff],
    [65_520, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [Number.NaN, 0x7e00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1.5 * 2 ** -24, 0x0002],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2 - 2 ** -12, 0x4000],
  ])("%d is %i", (value, bits) => {
    expect(toHalf(value)).toBe(bits);
  });

  it("keeps every number that it can hold", () => {
    for (let bits = 0; bits <= 0x7c00; bits++) expect(toHalf(fromHalf(bits))).toBe(bits);
  });

  it("takes the nearest of two neighbours", () => {
    fc.assert(
      fc.property(fc.float({ min: -65_504, max: 65_504, noNaN: true }), (value) => {
        const bits = toHalf(value);
        const error = Math.abs(fromHalf(bits) - value);
        for (const neighbour of [bits - 1, bits + 1]) {
          const other = fromHalf(neighbour & 0xffff);
          if (Number.isFinite(other)) expect(error).toBeLessThanOrEqual(Math.abs(other - value));
        }
      }),
    );
  });
});

describe("Q8_0", () => {
  it("is a scale and 32 rounded numbers a block", () => {
    const weights = Float32Array.from({ length: 64 }, (_, index) => (index < 32 ? 0 : (index - 48) / 16));
    const bytes = Buffer.from(encodeWeights("Q8_0", weights));
    expect(bytes.length).toBe(68);
    expect(bytes.subarray(0, 34).every((byte) => byte === 0)).toBe(true);
    expect(bytes.readUInt16LE(34)).toBe(toHalf(1 / 127));
    expect(bytes.readInt8(36)).toBe(-127);
    expect(bytes.readInt8(36 + 16)).toBe(0);
    // 15/16 * 127 = 119.06
    expect(bytes.readInt8(36 + 31)).toBe(119);
  });
});
