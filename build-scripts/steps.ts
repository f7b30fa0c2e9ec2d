/** How far a build is, as its own output says. Pure. */
export interface Steps {
  readonly done: number;
  readonly total: number;
}

/** Ninja's "[12/345] Building..." and Make's "[ 12%] Building..." (then in hundredths); null for any other line. */
export function stepsIn(line: string): Steps | null {
  const ninja = /^\[(\d+)\/(\d+)\]/.exec(line);
  if (ninja) return { done: Number(ninja[1]), total: Number(ninja[2]) };
  const make = /^\[\s*(\d+)%\]/.exec(line);
  return make ? { done: Number(make[1]), total: 100 } : null;
}

/**
 * Seconds left, as if all steps took alike; null for the first two percent, when nothing can be told yet.
 *
 * @param elapsed Seconds since the first step.
 */
export function secondsLeft({ done, total }: Steps, elapsed: number): number | null {
  if (done === 0 || done < total * 0.02) return null;
  return Math.round((elapsed / done) * (total - done));
}
