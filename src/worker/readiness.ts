import { setTimeout as sleep } from "node:timers/promises";
import type { Probe } from "./probe.ts";

/** Milliseconds between two probes: a small model is ready within a fifth of a second, a large one takes minutes. */
const FIRST_PAUSE = 20;
const PAUSE_GROWTH = 1.3;
const LONGEST_PAUSE = 500;

/** Resolves to true when the worker says that it serves, to false when the signal aborts. Never rejects. */
export async function untilReady(probe: Probe, signal: AbortSignal): Promise<boolean> {
  for (let pause = FIRST_PAUSE; !signal.aborted; pause = Math.min(LONGEST_PAUSE, pause * PAUSE_GROWTH)) {
    const answer = await probe.health(signal);
    if (signal.aborted) return false;
    if (answer.kind === "answered" && answer.status === 200) return true;
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
  return false;
}
