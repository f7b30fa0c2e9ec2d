export interface BackoffOptions {
  /** Milliseconds before the first retry. Default 250. */
  readonly first?: number;
  /** Each is so many times the last. Default 2. */
  readonly factor?: number;
  /** Milliseconds at most, before jitter. Default 30000. */
  readonly most?: number;
  /** The share of a delay that is up to chance, so that workers don't restart in step. Default 0.25. */
  readonly jitter?: number;
  /** From 0 to 1. Default Math.random. */
  readonly random?: () => number;
}

const DEFAULTS = { first: 250, factor: 2, most: 30_000, jitter: 0.25, random: Math.random };

/** How long to wait before the next try. Immutable: `next()` is another one. */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  readonly #tries: number;
  /** Milliseconds: between (1 - jitter) and 1 times what the number of tries asks for. */
  readonly delay: number;

  constructor(options: BackoffOptions = {}, tries = 0) {
    this.#options = { ...DEFAULTS, ...options };
    this.#tries = tries;
    const { first, factor, most, jitter, random } = this.#options;
    this.delay = Math.min(most, first * factor ** tries) * (1 - jitter * random());
  }

  next(): Backoff {
    return new Backoff(this.#options, this.#tries + 1);
  }

  /** As at the beginning. */
  reset(): Backoff {
    return new Backoff(this.#options);
  }
}
