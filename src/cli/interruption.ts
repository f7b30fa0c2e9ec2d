const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** SIGTERM and SIGINT: the first asks to stop, the second to stop now. */
export interface Interruption {
  readonly first: AbortSignal;
  readonly second: AbortSignal;
  /** Resolves at the first. */
  readonly asked: Promise<void>;
  /** Asks to stop for another reason than a signal. */
  ask(reason: string): void;
  /** Gives the signals back to Node, which ends the process by them. */
  release(): void;
}

export function onInterruption(): Interruption {
  const first = new AbortController();
  const second = new AbortController();
  const listener = (signal: NodeJS.Signals): void => (first.signal.aborted ? second : first).abort(signal);
  for (const signal of SIGNALS) process.on(signal, listener);
  return {
    first: first.signal,
    second: second.signal,
    asked: new Promise((resolve) => first.signal.addEventListener("abort", () => resolve())),
    ask: (reason) => first.abort(reason),
    release() {
      for (const signal of SIGNALS) process.off(signal, listener);
    },
  };
}
