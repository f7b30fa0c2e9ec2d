/** The shape of a Qwen2 transformer. Lengths are in weights. */
export interface ModelShape {
  readonly embedding: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  /** Whether the output matrix is the embedding matrix. */
  readonly tied: boolean;
}

/** As in the `config.json` of the Qwen2.5 releases. All of them have these two: */
export const CONTEXT = 32_768;
export const ROTARY_BASE = 1e6;

export const PRESETS = {
  /** For the self-test of builds: every matrix is a multiple of 256 both ways, so that repacking and tiles really run. */
  tiny: { embedding: 256, layers: 2, heads: 4, kvHeads: 4, feedForward: 512, vocabulary: 512, tied: true },
  "qwen2.5-0.5b": {
    embedding: 896,
    layers: 24,
    heads: 14,
    kvHeads: 2,
    feedForward: 4864,
    vocabulary: 151_936,
    tied: true,
  },
  "qwen2.5-1.5b": {
    embedding: 1536,
    layers: 28,
    heads: 12,
    kvHeads: 2,
    feedForward: 8960,
    vocabulary: 151_936,
    tied: true,
  },
  "qwen2.5-7b": {
    embedding: 3584,
    layers: 28,
    heads: 28,
    kvHeads: 4,
    feedForward: 18_944,
    vocabulary: 152_064,
    tied: false,
  },
} as const satisfies Record<string, ModelShape>;

export type Preset = keyof typeof PRESETS;
