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
  bandwidthShare: 0.646,
  manyDies: 0.631,
  decodeRate: { small: 40.6e9, wide: 53.8e9 },
  prefillRate: { small: 55e9, wide: 75.4e9 },
  attentionRate: 22.6e9,
  maskSeconds: 0.229e-6,
  tokenSeconds: { decode: 14.8e-6, prefill: 42.4e-6 },
  layerSeconds: 361e-6,
  sharedCores: 2.56,
  narrowCores: 0.492,
};
