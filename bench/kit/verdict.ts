/** Something that is required of corral, and whether it came so. */
export interface Verdict {
  readonly what: string;
  readonly is: string;
  readonly reached: boolean;
}

/** "reached: 0 failed plain requests: 0". */
export function verdictLine({ what, is, reached }: Verdict): string {
  return `${reached ? "reached" : "MISSED"}: ${what}: ${is}`;
}

export function verdictText(verdicts: readonly Verdict[]): string {
  return verdicts.map(verdictLine).join("\n");
}

/** What a benchmark ends with: 1 where something was missed, so that a script need not read. */
export function exitCodeOf(verdicts: readonly Verdict[]): 0 | 1 {
  return verdicts.every(({ reached }) => reached) ? 0 : 1;
}
