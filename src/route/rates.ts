/** What an upstream should be capable of, before it has shown it. */
export interface Prior {
  /** Tokens of prompts a second. */
  readonly promptRate: number;
  /** Milliseconds for a token of an answer, with so many answers at once. */
  readonly answerPace: number;
  readonly running: number;
}

/** Where nothing is known: a small model on a few cores. */
export const USUAL_PRIOR: Prior = { promptRate: 200, answerPace: 40, running: 1 };

/** What one answer has shown. Null where the engine doesn't say. */
export interface Measured {
  /** Of the whole prompt, what was cached included. */
  readonly promptTokens: number;
  readonly cachedTokens: number;
  /** For those that were not cached. */
  readonly promptMs: number | null;
  readonly completionTokens: number;
  readonly completionMs: number | null;
}

/** How much the newest counts: the last five or so decide. */
const WEIGHT = 0.2;
/** Prompts of fewer new tokens tell more of a step's fixed cost than of a token's. */
const LEAST_PROMPT = 16;
const LEAST_ANSWER = 4;
/** What each answer more adds to the time of a step, as a share of that of one answer alone. */
const STEP_SHARE = 0.5;

/** How fast an upstream is: as its answers show, and as was predicted until they do. */
export class Rates {
  #promptPace: number;
  readonly #prior: (running: number) => number;
  /** Milliseconds for a token of an answer with so many at once; 0 where it was not seen. */
  readonly #seen: Float64Array;

  constructor(slots: number, { promptRate, answerPace, running }: Prior) {
    this.#promptPace = 1_000 / promptRate;
    this.#seen = new Float64Array(slots + 1);
    const alone = answerPace / stepOf(running);
    this.#prior = (count) => alone * stepOf(count);
  }

  /** Milliseconds for a token of a prompt. */
  get promptPace(): number {
    return this.#promptPace;
  }

  /** Milliseconds for a token of an answer, with so many answers at once. */
  answerPace(running: number): number {
    const nearest = this.#nearestSeen(running);
    return nearest === 0 ? this.#prior(running) : (this.#seen[nearest] as number) * (stepOf(running) / stepOf(nearest));
  }

  /**
   * @param running answers at once, this one included
   * @param aloneInPrompt whether its prompt was computed while no other was
   */
  learn(
    { promptTokens, cachedTokens, promptMs, completionTokens, completionMs }: Measured,
    running: number,
    aloneInPrompt: boolean,
  ): void {
    const computed = promptTokens - cachedTokens;
    if (aloneInPrompt && promptMs !== null && promptMs > 0 && computed >= LEAST_PROMPT) {
      this.#promptPace = moved(this.#promptPace, promptMs / computed);
    }
    if (completionMs === null || completionMs <= 0 || completionTokens < LEAST_ANSWER) return;
    const count = Math.max(1, Math.min(this.#seen.length - 1, Math.round(running)));
    const pace = completionMs / completionTokens;
    const before = this.#seen[count] as number;
    this.#seen[count] = before === 0 ? pace : moved(before, pace);
  }

  #nearestSeen(running: number): number {
    const seen = this.#seen;
    for (let distance = 0; distance < seen.length; distance += 1) {
      if ((seen[running - distance] ?? 0) > 0) return running - distance;
      if ((seen[running + distance] ?? 0) > 0) return running + distance;
    }
    return 0;
  }
}

function stepOf(running: number): number {
  return 1 + STEP_SHARE * (running - 1);
}

function moved(before: number, seen: number): number {
  return before + WEIGHT * (seen - before);
}
