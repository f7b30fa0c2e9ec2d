/** What a class of hosts makes of its cores and memory. Fitted, not measured one by one: see `CONSTANTS`. */
export interface CostConstants {
  /** Share of the peak bandwidth that reading weights reaches. */
  readonly bandwidthShare: number;
  /** Operations a second of a core that multiplies weights with few tokens. */
  readonly decodeRate: { readonly small: number; readonly wide: number };
  /** The same with many tokens at once, a prompt's. */
  readonly prefillRate: { readonly small: number; readonly wide: number };
  /** Operations a second of a core in attention. */
  readonly attentionRate: number;
  /** Seconds that one thread takes to decide whether one token may see another, while the others wait. */
  readonly maskSeconds: number;
  /** Seconds that the threads of a worker lose at the barriers of a layer, and what each thread adds. */
  readonly layerSeconds: number;
  readonly layerThreadSeconds: number;
}

/** First fit, all classes together. */
export const CONSTANTS: CostConstants = {
  bandwidthShare: 0.5,
  decodeRate: { small: 35e9, wide: 45e9 },
  prefillRate: { small: 35e9, wide: 45e9 },
  attentionRate: 20e9,
  maskSeconds: 250e-9,
  layerSeconds: 60e-6,
  layerThreadSeconds: 1e-6,
};
