import type { Asked } from "./asker.ts";
import type { Judgement } from "./judge.ts";

/** What became of one request. Times are milliseconds. */
export interface Outcome extends Pick<Asked, "longestWait" | "total" | "retryAfter"> {
  readonly streamed: boolean;
  readonly judgement: Judgement;
  /** performance.now() of its end. */
  readonly endedAt: number;
}

export interface Counts {
  readonly asked: number;
  readonly failed: number;
  /** Of those that failed: what was wrong, and how often. */
  readonly why: Readonly<Record<string, number>>;
}

/** Of plain requests, or of streams. A refusal counts as a failure here: the client has no answer. Pure. */
export function countsOf(outcomes: readonly Outcome[], streamed: boolean): Counts {
  const ours = outcomes.filter((outcome) => outcome.streamed === streamed);
  const whys = ours.flatMap(({ judgement }) => whyFailed(judgement) ?? []);
  const why: Record<string, number> = {};
  for (const each of whys) why[each] = (why[each] ?? 0) + 1;
  return { asked: ours.length, failed: whys.length, why };
}

function whyFailed(judgement: Judgement): string | null {
  switch (judgement.kind) {
    case "exact":
      return null;
    case "refused":
      return `status ${judgement.status}`;
    case "failed":
      return judgement.why;
  }
}

/** "3 cut, 1 status 502", the most frequent first; "-" for none. */
export function whysInWords(...counts: readonly Counts[]): string {
  const all = new Map<string, number>();
  for (const { why } of counts)
    for (const [what, times] of Object.entries(why)) all.set(what, (all.get(what) ?? 0) + times);
  const words = [...all].sort(([, a], [, b]) => b - a).map(([what, times]) => `${times} ${what}`);
  return words.length === 0 ? "-" : words.join(", ");
}
