const STEPS = 10;
const LEAST_STEP = 10;

export interface Patience {
  /** Aborts when it is at its end. */
  readonly signal: AbortSignal;
  /** To be called in a finally. */
  end(): void;
}

/**
 * A time limit on others' silence. It counts steps, not the clock: while this process's event loop is blocked, or the
 * machine sleeps, nobody listens, and an answer that waits in the socket must not be taken for silence.
 *
 * @param ms time in which the event loop turned
 * @param outer ends it early
 */
export function patience(ms: number, outer?: AbortSignal): Patience {
  const controller = new AbortController();
  const step = Math.max(LEAST_STEP, ms / STEPS);
  let left = Math.max(1, Math.ceil(ms / step));
  const timer = setInterval(() => {
    left -= 1;
    if (left === 0) abort(new Error(`nothing within ${ms} ms`));
  }, step);
  const outerAborts = (): void => abort(outer?.reason);
  const end = (): void => {
    clearInterval(timer);
    outer?.removeEventListener("abort", outerAborts);
  };
  function abort(reason: unknown): void {
    end();
    controller.abort(reason);
  }
  // Not AbortSignal.any: each would leave a trace in a signal that lives as long as the worker.
  if (outer?.aborted) outerAborts();
  else outer?.addEventListener("abort", outerAborts, { once: true });
  return { signal: controller.signal, end };
}
