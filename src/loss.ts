/**
 * Why a worker was lost to the requests in it.
 *
 * killed: somebody outside ended its process. crashed: it ended by itself, out of memory included. stopped: somebody
 * outside stopped it (SIGSTOP), and it was replaced. hung: it got no further by itself, and was replaced. drain: it is
 * to end, and the requests are to go on elsewhere. connection: the connection broke, and as far as is known the worker
 * lives. closed: the pool ends, and there is no elsewhere.
 */
export type LossCause = "killed" | "crashed" | "stopped" | "hung" | "drain" | "connection" | "closed";

export interface Loss {
  readonly cause: LossCause;
  /** What to end a request with that can't go on. */
  readonly error: Error;
}

/** Whether a request may have done it that was in the worker. */
export function makesSuspects(cause: LossCause): boolean {
  return cause === "crashed" || cause === "hung";
}
