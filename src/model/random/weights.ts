import { createCipheriv, createHash } from "node:crypto";
import { toHalf } from "../gguf/quantise.ts";
import { bytesOf, type Shape, TENSOR_TYPES } from "../gguf/types.ts";

/** The tensor types that random weights are made in. */
export type RandomType = keyof typeof SHAPERS;

/** About how much is made at once. */
const PIECE_BYTES = 1 << 20;

/**
 * A tensor's bytes: a keystream (fast, and the same on every machine) whose blocks are given sane scales, so that weights
 * are spread evenly around 0 with a standard deviation of gain / sqrt(row length): with a gain of 1, activations neither
 * grow nor vanish.
 */
export function* randomWeights(type: RandomType, shape: Shape, seed: string, gain = 1): Generator<Uint8Array> {
  const digest = createHash("sha256").update(seed).digest();
  const keystream = createCipheriv("aes-128-ctr", digest.subarray(0, 16), digest.subarray(16));
  const { bytes: blockBytes } = TENSOR_TYPES[type];
  const zeros = Buffer.alloc(Math.floor(PIECE_BYTES / blockBytes) * blockBytes);
  const giveScales = SHAPERS[type](gain / Math.sqrt(shape[0] ?? 1));

  for (let left = bytesOf(type, shape); left > 0; left -= zeros.length) {
    const piece = keystream.update(zeros.subarray(0, Math.min(left, zeros.length)));
    giveScales(piece);
    yield piece;
  }
}

/** By type: given a standard deviation, what turns random bytes into weights that have it. */
const SHAPERS = {
  F32: (deviation: number) => {
    const exponent = (exponentOf(deviation) + 127) << 23;
    return (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += 4) {
        bytes.writeUInt32LE(((bytes.readUInt32LE(at) & 0x807fffff) | exponent) >>> 0, at);
      }
    };
  },
  F16: (deviation: number) => {
    const exponent = (exponentOf(deviation) + 15) << 10;
    return (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += 2) {
        bytes.writeUInt16LE((bytes.readUInt16LE(at) & 0x83ff) | exponent, at);
      }
    };
  },
  // A block is a scale in half precision and then whole numbers; they are not quite centred, so its sign is random.
  Q4_0: (deviation: number) => signedScale("Q4_0", deviation / uniformDeviation(-8, 7)),
  Q5_0: (deviation: number) => signedScale("Q5_0", deviation / uniformDeviation(-16, 15)),
  Q8_0: (deviation: number) => signedScale("Q8_0", deviation / uniformDeviation(-128, 127)),
  /** Weights are scale * s * w - offset * m, with s and m from 0 to 63 and w from 0 to 15: centred at offset = 7.5 scale. */
  Q4_K: (deviation: number) => {
    const scale = toHalf(deviation / Q4_K_DEVIATION);
    const offset = toHalf((7.5 * deviation) / Q4_K_DEVIATION);
    return (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += TENSOR_TYPES.Q4_K.bytes) {
        bytes.writeUInt16LE(scale, at);
        bytes.writeUInt16LE(offset, at + 2);
      }
    };
  },
};

function signedScale(type: "Q4_0" | "Q5_0" | "Q8_0", scale: number): (bytes: Buffer) => void {
  const half = toHalf(scale);
  return (bytes) => {
    for (let at = 0; at < bytes.length; at += TENSOR_TYPES[type].bytes) {
      bytes.writeUInt16LE(half | (bytes.readUInt16LE(at) & 0x8000), at);
    }
  };
}

/** Of whole numbers, each as likely, whose sign is then drawn: the root of their mean square. */
function uniformDeviation(least: number, most: number): number {
  let sum = 0;
  for (let value = least; value <= most; value++) sum += value ** 2;
  return Math.sqrt(sum / (most - least + 1));
}

/** sqrt(E[(s w - 7.5 m)^2]) with E[s^2] = E[m^2] = 1333.5, E[w^2] = 77.5, E[s] = E[m] = 31.5, E[w] = 7.5. */
const Q4_K_DEVIATION = Math.sqrt(1333.5 * 77.5 + 7.5 ** 2 * 1333.5 - 2 * 7.5 * 31.5 * 7.5 * 31.5);

/** Of floating point numbers with this exponent and random fractions, whose root mean square is sqrt(7/3) 2^exponent. */
const exponentOf = (deviation: number): number => Math.round(Math.log2(deviation / Math.sqrt(7 / 3)));
