import { CorralError } from "../errors.ts";
import type { Failure } from "../worker/state.ts";

/** Seconds. The supervisor tries a failed pool again after 15 s at the soonest. */
const RETRY_AFTER = 15;

export function closedError(pool: string): CorralError {
  return new CorralError("CORRAL_POOL_CLOSED", `the pool "${pool}" is closing or closed; make another`, {
    facts: { pool },
  });
}

export function notWhileRunning(options: readonly string[]): CorralError {
  const what = options.map((option) => `"${option}"`).join(", ");
  return new CorralError("CORRAL_BAD_OPTION", `A running pool can't change ${what}: make another pool.`, {
    facts: { options },
  });
}

export function noRoomToGrow(pool: string): CorralError {
  const message = `Other models hold the memory that "${pool}" would need for this. Unload one, or ask for less.`;
  return new CorralError("CORRAL_NO_ROOM", message, { facts: { pool } });
}

/** @param why what the workers died of, or what kept them from being started. */
export function failedError(pool: string, why: Failure | Error): CorralError {
  const facts = { pool, retryAfter: RETRY_AFTER };
  const message = `the pool "${pool}" has failed: ${why.message}`;
  if (why instanceof Error) {
    return new CorralError("CORRAL_POOL_FAILED", message, { cause: why, facts: { ...factsOf(why), ...facts } });
  }
  return new CorralError("CORRAL_POOL_FAILED", message, { facts: { ...facts, failure: why } });
}

function factsOf(error: Error): Readonly<Record<string, unknown>> {
  return error instanceof CorralError ? { ...error.facts, code: error.code } : {};
}
