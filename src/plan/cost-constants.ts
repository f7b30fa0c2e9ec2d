/** Of few bits a weight ("small": unpacked before they are multiplied) and of 6 bits or more. */
interface ByWeights {
  readonly small: number;
  readonly wide: number;
}

/**
 * What cores and memory give, by what a host's description tells. Cores with vectors of 256 bits and more are the
 * measure; operations count a multiplication and an addition as two.
 */
export interface CostConstants {
  /** Share of the peak bandwidth that reading weights reaches. */
  readonly bandwidthShare: number;
  /** Of that share, what is left where a socket's cores sit on many small dies. */
  readonly manyDies: number;
  /** Operations a second of a core that multiplies weights with the few tokens of running answers. */
  readonly decodeRate: ByWeights;
  /** The same with the many tokens of a prompt. */
  readonly prefillRate: ByWeights;
  /** Operations a second of a core in attention. */
  readonly attentionRate: number;
  /** Seconds in which one thread decides whether one token may see another, while the others wait. */
  readonly maskSeconds: number;
  /** Seconds in which one thread does a layer's small work for one token, while the others wait. */
  readonly tokenSeconds: { readonly decode: number; readonly prefill: number };
  /** Seconds that many threads lose at the barriers of a layer. */
  readonly layerSeconds: number;
  /** How many times that where two threads share a core. */
  readonly sharedCores: number;
  /** Speed of a core with vectors of 128 bits. */
  readonly narrowCores: number;
}

/** Fitted on all of bench/data by `npm run bench:planner -- --fit`, which prints this object. */
export const CONSTANTS: CostConstants = {
  bandwidthShare: 0.64,
  manyDies: 0.59,
  decodeRate: { small: 39.6e9, wide: 51.6e9 },
  prefillRate: { small: 60e9, wide: 70e9 },
  attentionRate: 22e9,
  maskSeconds: 231e-9,
  tokenSeconds: { decode: 16e-6, prefill: 55e-6 },
  layerSeconds: 360e-6,
  sharedCores: 2.5,
  narrowCores: 0.5,
};
