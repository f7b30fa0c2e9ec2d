/** What is known of a request before a worker sees it, as far as its way to one depends on it. */
export interface Ask {
  readonly prompt: Prompt;
  /** Tokens that it may be answered with at most; null where it does not say. */
  readonly answerTokens: number | null;
  /** By when its first token is wanted, in milliseconds of Admission's clock; null: whenever it comes. */
  readonly deadline: number | null;
  /** Higher goes first. Default 0. */
  readonly priority: number;
  /** Of its body, for as long as it waits. */
  readonly bytes: number;
}

/**
 * A prompt as a chain: two prompts that begin alike have the same first links. Where links end depends only on what is
 * before, so that a longer prompt repeats the links of its beginning.
 */
export interface Prompt {
  /** A hash of all text up to the end of each link; safe integers. */
  readonly links: readonly number[];
  /** Tokens up to the end of each link, rising; the last is `tokens` at most. */
  readonly depths: readonly number[];
  /** In all, as estimated. */
  readonly tokens: number;
  /** Of UTF-8 text that it was estimated from; 0 where tokens were counted. */
  readonly bytes: number;
  /** The link that all turns of a conversation have in common, its first question included; 0 where there is none. */
  readonly conversation: number;
}

export const NO_PROMPT: Prompt = { links: [], depths: [], tokens: 0, bytes: 0, conversation: 0 };

/** Of a request of which nothing is known. */
export const PLAIN_ASK: Ask = { prompt: NO_PROMPT, answerTokens: null, deadline: null, priority: 0, bytes: 0 };
