import type { Texts } from "./texts.ts";

/** A request that comes at some time. Milliseconds. */
export interface Arrival {
  readonly at: number;
  /** Until its first token must be there, counted from each time it comes; null: it has time. */
  readonly deadline: number | null;
}

/** Of what the workers can do, over all of the time. */
const SHARE = 0.75;

/**
 * Crowds with pauses: one to four times as many requests as there are slots within a tenth of a second, then nothing
 * until three quarters of what the workers could do have come. Every second one has a deadline of half to four times what
 * an answer takes when all slots are busy. Pure.
 *
 * @param answerMs what an answer takes when all slots are busy
 */
export function bursts(
  texts: Texts,
  { crowds, slots, answerMs }: { crowds: number; slots: number; answerMs: number },
): Arrival[] {
  const arrivals: Arrival[] = [];
  let from = 0;
  for (let crowd = 0; crowd < crowds; crowd += 1) {
    const size = slots + texts.below(3 * slots + 1);
    for (let index = 0; index < size; index += 1) {
      const deadline = index % 2 === 0 ? null : answerMs / 2 + texts.below(3.5 * answerMs);
      arrivals.push({ at: from + texts.below(100), deadline });
    }
    from += ((size / slots) * answerMs) / SHARE;
  }
  return arrivals.sort((a, b) => a.at - b.at);
}

/** One coming of a request: the first one, or one after it was told to come again. Milliseconds. */
export interface Coming {
  readonly deadline: number | null;
  readonly isReturn: boolean;
  readonly ending: "answered" | "refused" | "failed";
  /** Until the first byte of the answer; infinite where there was none. */
  readonly firstByte: number;
  readonly total: number;
}

/** Let in is who is not refused before a deadline is over, or at all where there is none. */
export interface BurstFigures {
  readonly comings: number;
  readonly refused: number;
  readonly failed: number;
  /** Those that came back when they were told to, and of these those that were let in. */
  readonly returns: number;
  readonly admitted: number;
  /** Milliseconds of refusals that came at once. */
  readonly refusals: readonly number[];
  /** Let in, and refused when their deadline was over. */
  readonly late: number;
  /** Let in with a deadline, and of these those whose answer began before it. */
  readonly withDeadline: number;
  readonly inTime: number;
}

/** Pure. */
export function burstFigures(comings: readonly Coming[]): BurstFigures {
  const refused = comings.filter(({ ending }) => ending === "refused");
  const atOnce = refused.filter(({ deadline, total }) => deadline === null || total < deadline);
  const letIn = comings.filter((coming) => !atOnce.includes(coming));
  const returns = comings.filter(({ isReturn }) => isReturn);
  const due = letIn.filter(({ deadline }) => deadline !== null);
  return {
    comings: comings.length,
    refused: refused.length,
    failed: comings.filter(({ ending }) => ending === "failed").length,
    returns: returns.length,
    admitted: returns.filter((coming) => letIn.includes(coming)).length,
    refusals: atOnce.map(({ total }) => total),
    late: refused.length - atOnce.length,
    withDeadline: due.length,
    inTime: due.filter(({ ending, firstByte, deadline }) => ending === "answered" && firstByte <= (deadline ?? 0))
      .length,
  };
}
