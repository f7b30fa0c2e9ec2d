import type { MeasuredCell } from "../planner/grid.ts";

/** How long one worker takes. */
export interface Speed {
  /** Seconds of a step that computes so many tokens, whoever's they are. */
  step(tokens: number): number;
  /** Tokens of a prompt a second. */
  readonly prefill: number;
  /** Tokens a second of each of so many answers at once. */
  decode(answers: number): number;
}

/** Sequences at once beyond which the published builds of 2024 slow down for a reason that is gone. */
const MOST_MEASURED = 8;

/**
 * One of a host's workers, all of which compute. A step takes what was measured of so many answers at once, and no less
 * than so many tokens of a prompt take.
 *
 * @param cells One split of one host with one model, by numbers of answers at once.
 */
export function measuredSpeed(cells: readonly MeasuredCell[]): Speed {
  const steps = cells
    .filter(({ split }) => split.slots <= MOST_MEASURED)
    .map(({ split, decode }) => ({ tokens: split.slots, seconds: (split.workers * split.slots) / decode }))
    .sort((a, b) => a.tokens - b.tokens);
  const prefill = Math.max(...cells.map((cell) => cell.prefill / cell.split.workers));
  const step = (tokens: number) => Math.max(interpolated(steps, tokens), tokens / prefill);
  return { step, prefill, decode: (answers) => 1 / step(answers) };
}

function interpolated(steps: readonly { tokens: number; seconds: number }[], tokens: number): number {
  const above = steps.find((step) => step.tokens >= tokens) ?? steps.at(-1);
  const below = steps.findLast((step) => step.tokens <= tokens) ?? steps[0];
  if (above === undefined || below === undefined) throw new Error("No measured step to go by.");
  if (above.tokens <= below.tokens) return below.seconds;
  const share = (tokens - below.tokens) / (above.tokens - below.tokens);
  return below.seconds + share * (above.seconds - below.seconds);
}
