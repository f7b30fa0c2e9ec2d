import { setTimeout as sleep } from "node:timers/promises";
import type { WorkerAddress } from "../fronts/front.ts";
import type { Contestant } from "./contestant.ts";
import { type EngineCounts, readCounts } from "./worker-metrics.ts";

/** Steps without an answer's end after which a worker of one slot is at the poison: no other answer takes as many. */
const STEPS = 2_000;
/** Milliseconds. */
const LOOKS_EVERY = 10;

/**
 * Stands in for a fault of the engine where none is known: whichever worker makes thousands of steps for one answer gets
 * SIGSEGV. Each worker must have one slot. The function it returns ends that.
 */
export function aimAtEndless(contestant: Contestant): () => Promise<void> {
  let isOver = false;
  const begun = new Map<number, EngineCounts>();
  const look = async (worker: WorkerAddress): Promise<void> => {
    const counts = await readCounts(worker).catch(() => null);
    if (counts === null) return;
    const since = begun.get(worker.pid);
    if (since === undefined || isAnotherAnswer(since, counts)) begun.set(worker.pid, counts);
    else if (counts.steps - since.steps > STEPS) kill(worker.pid);
  };
  const looking = (async () => {
    while (!isOver) {
      await Promise.all(contestant.workers().map(look));
      await sleep(LOOKS_EVERY);
    }
  })();
  return async () => {
    isOver = true;
    await looking;
  };
}

/** Pure. */
export function isAnotherAnswer(since: EngineCounts, now: EngineCounts): boolean {
  return now.requests === 0 || now.answered !== since.answered;
}

/** It may have ended since it was looked at. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGSEGV");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
