import type { ServiceNotifier } from "./notifier.ts";

/** One model as the watchdog sees it. Times are milliseconds. */
export interface Observation {
  /** Requests that wait or run. */
  readonly inFlight: number;
  /** Since anything came of them: a byte, an answer, a worker that changed. */
  readonly sinceProgress: number;
  /** For so long nothing may come of them. */
  readonly limit: number;
}

/**
 * Whether this process does what it is there for. Pure. Workers that hang are replaced by their supervisors well within
 * the limits; where every model that has something to do is beyond its limit, the supervisors hang themselves.
 */
export function shouldFeed(models: readonly Observation[]): boolean {
  const busy = models.filter(({ inFlight }) => inFlight > 0);
  return busy.length === 0 || busy.some(({ sinceProgress, limit }) => sinceProgress < limit);
}

/**
 * Milliseconds from one sign of life to the next: half of what systemd allows. Null where nobody waits for one, or where
 * the variables are another process's. Pure.
 */
export function feedInterval(env: NodeJS.ProcessEnv, pid: number): number | null {
  const { WATCHDOG_USEC = "", WATCHDOG_PID = `${pid}` } = env;
  return /^[1-9]\d*$/.test(WATCHDOG_USEC) && Number(WATCHDOG_PID) === pid ? Number(WATCHDOG_USEC) / 2_000 : null;
}

export interface Kennel {
  readonly interval: number;
  readonly notifier: Pick<ServiceNotifier, "watchdog">;
  readonly observe: () => readonly Observation[];
  /** Called once each time that feeding stops. */
  readonly onWedged: () => void;
}

/** That the timer fires shows that the event loop turns. @returns ends it */
export function keepFed({ interval, notifier, observe, onWedged }: Kennel): () => void {
  let isFed = true;
  const feed = (): void => {
    const wasFed = isFed;
    isFed = shouldFeed(observe());
    if (isFed) notifier.watchdog();
    else if (wasFed) onWedged();
  };
  feed();
  const timer = setInterval(feed, interval);
  return () => clearInterval(timer);
}
