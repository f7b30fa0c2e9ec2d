/** Median of a list; NaN of an empty one. Of an even count it is the mean of the middle two. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Linear interpolation between the closest ranks, as spreadsheets do. `p` is 0 to 100. NaN of an empty list. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = ((sorted.length - 1) * p) / 100;
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}

/** What `values` have over `baseline`, pair by pair: both lists come from the same instants, in the same order. */
export function pairedDifferences(values: readonly number[], baseline: readonly number[]): number[] {
  return zip(values, baseline).map(([a, b]) => a - b);
}

/** How a quantity compares with a rival's that was measured next to it, round by round. */
export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** `mine / theirs` of every round; pairs cancel what the machine did meanwhile. */
export function pairedRatio(mine: readonly number[], theirs: readonly number[]): Ratio {
  const ratios = zip(mine, theirs).map(([a, b]) => a / b);
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}

function zip(a: readonly number[], b: readonly number[]): [number, number][] {
  if (a.length !== b.length) throw new RangeError(`pairs need lists of one length, not ${a.length} and ${b.length}`);
  return a.map((value, index) => [value, b[index] ?? Number.NaN]);
}

/** Of a list, in its own unit; NaN of an empty one. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export function percentilesOf(values: readonly number[]): Percentiles {
  return { p50: percentile(values, 50), p90: percentile(values, 90), p99: percentile(values, 99) };
}

/** NaN of an empty list. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
