import { makesSuspects } from "../loss.ts";
import type { Ending } from "./attempt.ts";

/**
 * What the end of an attempt says of a suspect that was alone in its worker. innocent: it was answered. guilty: the
 * worker died, and nobody else can have done it. open: the worker was lost for another reason, or not reached, or did not
 * take what it was to go on with.
 * withdrawn: its caller wants no answer any more.
 */
export type Verdict = "innocent" | "guilty" | "open" | "withdrawn";

/** Pure. */
export function verdictOn(ending: Ending): Verdict {
  switch (ending.kind) {
    case "answered":
      return "innocent";
    case "lost":
      return makesSuspects(ending.cause) ? "guilty" : "open";
    case "unsent":
    case "loading":
    case "refused":
      return "open";
    case "aborted":
    case "malformed":
      return "withdrawn";
  }
}

/** Whether the worker is gone with it, so that nothing more need be sent there. Pure. */
export function endsWorker(ending: Ending): boolean {
  return ending.kind === "lost" && ending.cause !== "connection";
}
