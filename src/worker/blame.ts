/**
 * Whether crashes of serving workers are put down to the requests in them, and not to the model. A request that kills
 * workers kills two: the one that it was in among others, and the one that it was tried on alone. Workers that die
 * more often than that with nothing answered in between die of themselves.
 */
export interface Blame {
  /** Requests that had been answered in full at the last crash, by all workers together. */
  readonly served: number;
  /** Crashes since then, that one included. */
  readonly inARow: number;
}

export const NO_BLAME: Blame = { served: 0, inARow: 0 };

/** Pure. A worker died with requests in it; so many had been answered by all workers before. */
export function afterCrash({ served, inARow }: Blame, servedNow: number): Blame {
  return servedNow > served ? { served: servedNow, inARow: 1 } : { served, inARow: inARow + 1 };
}

export function isOnRequests({ inARow }: Blame): boolean {
  return inARow <= 2;
}
