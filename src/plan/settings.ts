/** How keys and values are kept. q8_0 takes 34 bytes where f16 takes 64, and needs flash attention. */
export type KeyValueType = "f16" | "q8_0";

/**
 * What of an engine can be tuned without another split of the machine. None wins on every host: the usual ones are what
 * the engine's traits say, the best ones are measured by the tuner.
 */
export interface EngineSettings {
  /** Tokens computed at once, most of a prompt's; a running answer waits for one batch of another's prompt. */
  readonly batch: number;
  /** "auto" is the engine's own choice: where supported, not where faster. */
  readonly flashAttention: "auto" | "on" | "off";
  /** How threads wait for each other: "active" spins (quick on quiet hosts), "passive" sleeps. */
  readonly spin: "active" | "passive";
  /**
   * One buffer of keys and values for all slots of a worker, instead of one each: slower for long texts, since each
   * sequence looks past everybody's tokens; quicker for short ones, since with one each llama-server computes only slots
   * side by side together, and of these only as many tokens as each of them has (`split_equal` of its batches).
   */
  readonly sharedCache: boolean;
  /** Guesses of the next tokens from the text so far, checked at once: gains where answers repeat their prompts. */
  readonly speculation: "off" | "ngram";
  /** 2 MiB pages for what is allocated: repacked weights, keys and values. */
  readonly hugePages: boolean;
  /**
   * Weights that are not repacked are read from the file's pages, which all workers share. False: each worker has a copy
   * of its own, which huge pages can hold: quicker, and it costs a lone worker nothing.
   */
  readonly mapWeights: boolean;
}
