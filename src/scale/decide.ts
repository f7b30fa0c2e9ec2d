import type { ScaleLimits } from "./limits.ts";

/** What is known at one moment. Times are milliseconds, `now` of one steady clock. */
export interface Observation {
  readonly now: number;
  /** Requests that wait or run. */
  readonly requests: number;
  /** How long the head of the queue has waited; null where nothing waits. */
  readonly waited: number | null;
  /** Whether a worker serves. Where none does though some should, load is not what is wrong. */
  readonly serves: boolean;
  /** Whether workers are being started or ended just now. */
  readonly isChanging: boolean;
}

/** What must be remembered from one decision to the next. */
export interface ScaleState {
  /** Workers that run, or are about to. */
  readonly target: number;
  /** When their number was last changed and the change was over; null before. */
  readonly changedAt: number | null;
  /** Since when one worker fewer would have done; null where all were needed. */
  readonly spareSince: number | null;
  /** Since when there has been no request; null while there is one. */
  readonly idleSince: number | null;
}

/** Why the number of workers changes; see `decide`. */
export type ScaleReason = "wake" | "queue" | "spare" | "idle";

export interface Decision {
  readonly state: ScaleState;
  /** Null where the target stays. */
  readonly why: ScaleReason | null;
  /** Milliseconds until it would be decided otherwise if nothing happened; null: never. */
  readonly again: number | null;
}

export function scaleStateOf(target: number): ScaleState {
  return { target, changedAt: null, spareSince: null, idleSince: null };
}

/**
 * How many workers are to run. Pure. To be asked whenever a request comes or goes, and after `again`.
 *
 * - None runs and a request comes: the least number, at once.
 * - The head of the queue has waited for `upDelay`: one more, not sooner than `upCooldown` after the last change.
 * - One fewer would have done for `downDelay`, at every moment of it: one fewer.
 * - No request for `idleTimeout`: none.
 *
 * Never more than the plan has. While a change is under way, and while no worker serves that should, nothing is decided
 * but to wake.
 */
export function decide(seen: Observation, before: ScaleState, limits: ScaleLimits): Decision {
  const state = noted(seen, before, limits);
  const { target } = state;
  if (target === 0) return seen.requests > 0 ? become(limits.least, state, "wake") : hold(state);
  if (seen.isChanging || !seen.serves) return hold(state);
  const idle = untilIdle(seen, state, limits);
  const up = untilUp(seen, state, limits);
  const down = untilDown(seen, state, limits);
  if (idle <= 0) return become(0, state, "idle");
  if (up <= 0) return become(target + 1, state, "queue");
  if (down <= 0) return become(target - 1, state, "spare");
  return hold(state, Math.min(idle, up, down));
}

/** The same after a change has been made: what was true before says nothing of the new number. */
export function afterChange(state: ScaleState, now: number): ScaleState {
  return { ...state, changedAt: now, spareSince: null, idleSince: null };
}

function noted({ now, requests }: Observation, state: ScaleState, limits: ScaleLimits): ScaleState {
  const isSpare = state.target > limits.least && requests <= (state.target - 1) * limits.slots;
  return {
    ...state,
    spareSince: isSpare ? (state.spareSince ?? now) : null,
    idleSince: requests === 0 ? (state.idleSince ?? now) : null,
  };
}

function become(target: number, state: ScaleState, why: ScaleReason): Decision {
  return { state: { ...state, target, spareSince: null }, why, again: null };
}

function hold(state: ScaleState, again: number = NEVER): Decision {
  return { state, why: null, again: again === NEVER ? null : again };
}

const NEVER = Number.POSITIVE_INFINITY;

function untilIdle({ now }: Observation, { idleSince }: ScaleState, { idleTimeout }: ScaleLimits): number {
  return idleTimeout === 0 || idleSince === null ? NEVER : idleSince + idleTimeout - now;
}

function untilUp({ now, requests, waited }: Observation, state: ScaleState, limits: ScaleLimits): number {
  if (state.target >= limits.most || requests <= state.target * limits.slots) return NEVER;
  const untilCool = state.changedAt === null ? 0 : state.changedAt + limits.upCooldown - now;
  // A request that has only just come is not in the queue yet.
  return Math.max(waited === null ? Math.max(1, limits.upDelay) : limits.upDelay - waited, untilCool);
}

function untilDown({ now }: Observation, { spareSince }: ScaleState, { downDelay }: ScaleLimits): number {
  return spareSince === null ? NEVER : spareSince + downDelay - now;
}
