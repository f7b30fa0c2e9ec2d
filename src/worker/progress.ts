/** What is known of a worker at one tick. Times are milliseconds in which somebody watched (see watch.ts). */
export interface Observation {
  readonly inFlight: number;
  /** Since the last byte came back, or since inFlight rose from 0. */
  readonly sinceProgress: number;
  /** Since the loop that computes was last seen alive; null where the engine does not tell. */
  readonly sinceTurn: number | null;
  /** Since the process used CPU time worth the name; null where the system does not tell. */
  readonly sinceCpuUsed: number | null;
  /** Whether a thread of it waits for a CPU or a disk: it would go on if it could. */
  readonly wants: boolean;
  /** Health probes in a row without an answer. */
  readonly failedProbes: number;
}

export interface ProgressLimits {
  /** Silent probes in a row that are enough. */
  readonly failedProbes: number;
  /** A worker that should work, shows nothing and uses no CPU time for so long is wedged. */
  readonly stall: number;
  /** Shows nothing for so long though it uses CPU time. */
  readonly spin: number;
}

export type Verdict = "ok" | "suspect" | "wedged";

/** So many times its usual pause, and no CPU time used meanwhile, is no pause. */
const BEYOND_RHYTHM = 20;
/** Milliseconds: below this nothing is concluded from a rhythm. */
const LEAST_STALL = 3_000;

/**
 * Three probes, as documented with `probeTimeout`; ten times the stall limit is beyond any single batch. A worker whose
 * rhythm is known is not waited for as long as one that has yet to answer.
 *
 * @param rhythm milliseconds between two bytes of its answers, at the most of late; 0: none has come
 */
export function progressLimits({ stallTimeout }: { readonly stallTimeout: number }, rhythm: number): ProgressLimits {
  const beyond = rhythm === 0 ? stallTimeout : Math.max(LEAST_STALL, BEYOND_RHYTHM * rhythm);
  return { failedProbes: 3, stall: Math.min(stallTimeout, beyond), spin: 10 * stallTimeout };
}

/**
 * Whether a worker still gets anywhere. Pure. Answering /health is not enough, and a long prompt is no fault: it burns
 * CPU time and turns the loop. Stopped and deadlocked processes do neither; one that spins in a lock only burns.
 */
export function judge(seen: Observation, limits: ProgressLimits): Verdict {
  if (seen.failedProbes >= limits.failedProbes) return "wedged";
  const quiet = quietFor(seen);
  if (quiet >= limits.spin) return "wedged";
  const isAsleep = seen.sinceCpuUsed !== null && seen.sinceCpuUsed >= limits.stall && !seen.wants;
  if (quiet >= limits.stall && isAsleep) return "wedged";
  return seen.failedProbes > 0 || quiet >= limits.stall ? "suspect" : "ok";
}

/** For how long it has shown no sign of life where one was due. An idle worker owes nothing but turns of its loop. */
function quietFor({ inFlight, sinceProgress, sinceTurn }: Observation): number {
  if (inFlight === 0) return sinceTurn ?? 0;
  return Math.min(sinceProgress, sinceTurn ?? Number.POSITIVE_INFINITY);
}
