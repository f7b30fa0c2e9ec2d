import type { ModelCost } from "../../src/plan/cost.ts";

/** The tensors of a dense transformer with a gated feed-forward layer. */
interface Architecture {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly feedForward: number;
  readonly vocabulary: number;
}

/** Billions of weights -> shape: Llama's where there is one, the table's neighbours for what is between. */
const KNOWN: readonly (readonly [billions: number, Architecture])[] = [
  [0.5, { layers: 24, width: 896, heads: 14, kvHeads: 2, headDim: 64, feedForward: 4864, vocabulary: 151_936 }],
  [1, { layers: 16, width: 2048, heads: 32, kvHeads: 8, headDim: 64, feedForward: 8192, vocabulary: 128_256 }],
  [3, { layers: 28, width: 3072, heads: 24, kvHeads: 8, headDim: 128, feedForward: 8192, vocabulary: 128_256 }],
  [8, { layers: 32, width: 4096, heads: 32, kvHeads: 8, headDim: 128, feedForward: 14_336, vocabulary: 128_256 }],
  [14, { layers: 48, width: 5120, heads: 40, kvHeads: 8, headDim: 128, feedForward: 13_824, vocabulary: 152_064 }],
  [32, { layers: 64, width: 5120, heads: 40, kvHeads: 8, headDim: 128, feedForward: 27_648, vocabulary: 152_064 }],
  [70, { layers: 80, width: 8192, heads: 64, kvHeads: 8, headDim: 128, feedForward: 28_672, vocabulary: 128_256 }],
];

/** Bits a weight of llama.cpp's quantisations, scales and the mixture of the "K" types included. */
const BITS: readonly (readonly [pattern: RegExp, bits: number])[] = [
  [/q2_k/i, 3.2],
  [/q3_k/i, 3.9],
  [/q4_k|q4_1|iq4/i, 4.9],
  [/q4_0/i, 4.6],
  [/q5/i, 5.7],
  [/q6/i, 6.6],
  [/q8/i, 8.5],
  [/b?f16/i, 16],
];

/**
 * What a model of a grid costs, from its name alone: "Llama-3.2-3B-Instruct-Q4_K_M".
 *
 * @throws Error where the name tells no size ("3B") or no quantisation ("Q8_0").
 */
export function modelCostFromName(name: string): ModelCost {
  const billions = Number(/(?<![\d.])(\d+(?:\.\d+)?)B(?![a-z])/i.exec(name)?.[1]);
  const bits = BITS.find(([pattern]) => pattern.test(name))?.[1];
  if (!(billions > 0) || bits === undefined)
    throw new Error(`The model's name "${name}" must tell its size ("3B") and its quantisation ("Q4_K_M").`);
  const { layers, width, heads, kvHeads, headDim, feedForward, vocabulary } = architectureOf(billions);
  const attention = 2 * width * headDim * (heads + kvHeads);
  const parameters = layers * (attention + 3 * width * feedForward) + width * vocabulary;
  return {
    weightBytes: (parameters * bits) / 8,
    parameters,
    layers,
    heads,
    headDim,
    keyValueBytes: 2 * layers * kvHeads * headDim * 2,
    weights: bits < 6 ? "small" : "wide",
    sharedCache: true,
    tile: 1,
  };
}

/** The nearest known shape, by ratio of sizes, with as many layers as make up the size. */
function architectureOf(billions: number): Architecture {
  const distance = (known: number) => Math.abs(Math.log(known / billions));
  const [first, ...others] = KNOWN;
  if (first === undefined) throw new Error("No architecture is known.");
  const [size, nearest] = others.reduce((best, next) => (distance(next[0]) < distance(best[0]) ? next : best), first);
  return distance(size) < 0.05
    ? nearest
    : { ...nearest, layers: Math.max(1, Math.round((nearest.layers * billions) / size)) };
}
