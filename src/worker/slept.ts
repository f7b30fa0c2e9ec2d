import { setTimeout as sleep } from "node:timers/promises";

/** @returns false once the signal has aborted */
export async function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
