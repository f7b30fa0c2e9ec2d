import type { Ask } from "./ask.ts";
import type { Measured } from "./rates.ts";

/** How much the newest counts: the last twenty or so decide. */
const WEIGHT = 0.05;
/** Whether engines find what they should is known soon: the last ten or so decide. */
const TRUST_WEIGHT = 0.15;
/** Until prompts were counted: English and Chinese text both have about four bytes a token. */
const TOKENS_PER_BYTE = 0.25;
/** Until answers were counted: a turn of a chat. */
const ANSWER_TOKENS = 128;
/** Shorter prompts are mostly the template's own. */
const LEAST_BYTES = 64;
/** Tokens that were expected to be found, or nothing is learned from whether they were. */
const LEAST_EXPECTED = 16;

/** What the requests of a model are like, whichever upstream they go to: learned from its answers. */
export class Habits {
  #tokensPerByte = TOKENS_PER_BYTE;
  #answerTokens = ANSWER_TOKENS;
  #trust = 1;
  #countedPrompts = 0;
  #countedAnswers = 0;

  get tokensPerByte(): number {
    return this.#tokensPerByte;
  }

  /** Tokens of an answer. */
  get answerTokens(): number {
    return this.#answerTokens;
  }

  /** Of the tokens that were expected to be found, the share that was: from 0 to 1. */
  get trust(): number {
    return this.#trust;
  }

  /** @param expected tokens of its prompt that should have been found */
  learn({ prompt }: Ask, { promptTokens, cachedTokens, completionTokens }: Measured, expected: number): void {
    if (prompt.bytes >= LEAST_BYTES && promptTokens > 0) {
      this.#tokensPerByte = moved(this.#tokensPerByte, promptTokens / prompt.bytes, ++this.#countedPrompts);
    }
    if (completionTokens > 0) {
      this.#answerTokens = moved(this.#answerTokens, completionTokens, ++this.#countedAnswers);
    }
    if (expected < LEAST_EXPECTED) return;
    const cached = cachedTokens * (prompt.tokens / Math.max(1, promptTokens));
    this.#trust += TRUST_WEIGHT * (Math.min(1, cached / expected) - this.#trust);
  }
}

/** The first ones count more: what was assumed before them was a guess. */
function moved(before: number, seen: number, count: number): number {
  return before + Math.max(WEIGHT, 1 / (count + 1)) * (seen - before);
}
