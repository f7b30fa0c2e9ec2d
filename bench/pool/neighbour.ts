import { startChild } from "../kit/child.ts";

/** One process that computes without end and is pinned nowhere: what shares a cheap host with you. */
export async function withNeighbour<T>(isBusy: boolean, run: () => Promise<T>, defer: Defer): Promise<T> {
  if (!isBusy) return run();
  const neighbour = await startChild(process.execPath, ["-e", "for (;;);"]);
  defer(() => neighbour.end());
  try {
    return await run();
  } finally {
    await neighbour.end();
  }
}

type Defer = (undo: () => void | Promise<void>) => void;
