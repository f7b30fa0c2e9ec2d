import type { Lease } from "../route/live-upstream.ts";
import type { Ending } from "./attempt.ts";

/** Milliseconds. A supervisor sees a process end within a few of them. */
const STEP = 100;
/** Counted and not timed: while this process is busy the word may have come and not been heard. */
const STEPS = 20;

/**
 * The same with the reason why the worker was lost: a broken connection says nothing, and whoever watches over the
 * process is about to say whether it has ended, and how. Who says nothing for two seconds knows of nothing.
 */
export async function withWord(ending: Ending, lease: Lease, signal: AbortSignal | undefined): Promise<Ending> {
  if (ending.kind !== "lost" || ending.cause !== "connection") return ending;
  return await new Promise((resolve) => {
    let left = STEPS;
    const timer = setInterval(() => {
      left -= 1;
      if (left === 0) settle(ending);
    }, STEP);
    const leave = (): void => settle({ kind: "aborted", error: signal?.reason });
    const settle = (known: Ending): void => {
      clearInterval(timer);
      signal?.removeEventListener("abort", leave);
      resolve(known);
    };
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
    lease.onCut((loss) => settle({ kind: "lost", ...loss }));
  });
}
