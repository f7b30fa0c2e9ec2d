import { setTimeout as sleep } from "node:timers/promises";

export interface SleepOptions {
  /** Whether it keeps the process alive. Default true. */
  readonly ref?: boolean;
}

/** @returns false once the signal has aborted */
export async function slept(ms: number, signal: AbortSignal, { ref = true }: SleepOptions = {}): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal, ref });
    return true;
  } catch {
    return false;
  }
}

/**
 * Until the clock stands at a multiple of `period` milliseconds, about one period from now. All that sleep so wake
 * together: to be woken costs a process that does nothing more than what it then looks at.
 *
 * @returns false once the signal has aborted
 */
export function sleptToBeat(period: number, signal: AbortSignal, options: SleepOptions = {}): Promise<boolean> {
  return slept(untilBeat(performance.now(), period), signal, options);
}

/** Half a period at the least: a timer may fire a moment before its beat. Pure. */
export function untilBeat(now: number, period: number): number {
  return Math.ceil(Math.ceil((now + period / 2) / period) * period - now);
}
