import { median } from "../load/statistics.ts";

/** A score of one run of a candidate; more is better. 0: it can't run. */
export type Measure<C> = (candidate: C) => Promise<number>;

export interface RaceRules {
  /** Times that a candidate is measured at most; odd, so that one outlier has no say. */
  readonly rounds: number;
  /** What a challenger must have over the champion to take its place, as a ratio: below it may be chance. */
  readonly leastGain: number;
  /** Ends the race between two measurements: what was measured so far decides. */
  isOver(): boolean;
}

/**
 * Behind by more than this after so many rounds, a challenger is not measured again. On shared hosts the ratio of two
 * measurements of 10 s is off by 6% or so: one bad one is no reason to give up what may be 5% ahead.
 */
const HOPELESS = [0.92, 0.98];
/** Ahead by so much in each of two rounds, a challenger needs no third. */
const CLEAR = 1.1;

/**
 * The champion, or the challenger that beats it. In each round all that are left are measured one after the other, and
 * a challenger's figure is its ratio to the champion's of the same round: what the host does meanwhile meets both. Who
 * falls behind is dropped early, so most races cost one round.
 */
export async function race<C>(
  champion: C,
  challengers: readonly C[],
  measure: Measure<C>,
  { rounds, leastGain, isOver }: RaceRules,
): Promise<C> {
  let lanes = challengers.map((candidate) => ({ candidate, ratios: [] as number[] }));
  for (let round = 0; round < rounds && lanes.length > 0 && !isOver(); round += 1) {
    const score = await measure(champion);
    for (const { candidate, ratios } of lanes) {
      if (isOver()) break;
      ratios.push(ratio(await measure(candidate), score));
    }
    const hopeless = HOPELESS[round] ?? 1;
    lanes = lanes.filter(({ ratios }) => median(ratios) >= hopeless);
    if (round === 1 && lanes.length === 1 && lanes.every(({ ratios }) => Math.min(...ratios) >= CLEAR)) break;
  }
  const ahead = lanes.map(({ candidate, ratios }) => ({ candidate, gain: median(ratios) }));
  const best = ahead.toSorted((a, b) => b.gain - a.gain)[0];
  return best !== undefined && best.gain >= leastGain ? best.candidate : champion;
}

/** More than anything that runs has over anything that runs. */
const INFINITELY = 1e9;

/** A champion that can't run loses to whoever can. */
function ratio(challenger: number, champion: number): number {
  if (champion > 0) return challenger / champion;
  return challenger > 0 ? INFINITELY : 0;
}
