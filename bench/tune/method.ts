import type { Load } from "../pool/rounds.ts";

export interface TuneLoad extends Load {
  readonly goalConcurrency: number;
  /** Seconds that the tuner may measure. */
  readonly budget: number;
}

/**
 * So many turns in a round where it is quiet, for there the ratios are near 1, and two measurements of some seconds on a
 * shared host differ by 6%: many short turns say more than one long one.
 */
export const QUIET_TURNS = 3;

export function methodText({ rounds, tokens, concurrencies, goalConcurrency, budget }: TuneLoad): string {
  return `Method. First corral tune, ${budget} s, goal balanced, ${goalConcurrency} at once, robust, without speculation (a model of random
weights repeats itself, which guessing would gain from). Then what it found against the same llama-server program started
with the model and nothing else (so: as many threads as cores, 4 slots). A 0.5B model with random weights (Q4_0, 350 MB;
speed does not see values) is asked by corral's load generator: prompts of ${tokens} random tokens that no cache knows, answers
of exactly ${tokens} tokens; beside the neighbour, in every other round, a sixth of both. Each of ${rounds} rounds starts both
anew; one is idle while the other is asked; at every concurrency (${concurrencies.join(", ")} at once) they take turns, begun with
the other one each time, ${QUIET_TURNS} in a quiet round; figures are medians, ratios medians of the turns' ratios (least to
most). Tokens per second: all answers' tokens over the time from the first question to the last answer's end. One process
asks both: corral's pool as a library does, llama-server over TCP. Neighbour busy: one process that computes without end,
pinned nowhere. It, the rival and each worker have sessions of their own.`;
}
