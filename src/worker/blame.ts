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

/** What is known of a worker here. */
interface Serving {
  /** Requests answered in full. */
  readonly served: number;
  /** Resolves when its process has ended. */
  readonly ended: Promise<unknown>;
}

/** Counts what the workers of one plan after the other have answered, and judges each crash by it. */
export class Crashes {
  readonly #running = new Set<Serving>();
  /** Of those that have ended. */
  #served = 0;
  #blame = NO_BLAME;

  count(worker: Serving): void {
    this.#running.add(worker);
    worker.ended.then(() => {
      this.#running.delete(worker);
      this.#served += worker.served;
    });
  }

  /** To be called once for each worker that died with requests in it: whether it is put down to them. */
  blameRequests(): boolean {
    const served = [...this.#running].reduce((sum, worker) => sum + worker.served, this.#served);
    this.#blame = afterCrash(this.#blame, served);
    return isOnRequests(this.#blame);
  }
}
