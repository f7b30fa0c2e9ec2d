import type { WorkerPlan } from "../plan/plan.ts";
import type { Replica } from "./replica.ts";

/**
 * Milliseconds for running requests where a worker ends because the plan changes or it is started anew, and they can't go
 * on elsewhere: nobody asked for the requests to end, so that they get the time of a long answer, and not a stop's
 * `drainTimeout`.
 */
const LONG_ANSWER = 600_000;

/** Which replicas there are: those that belong to the plan, by number, and those that are to end. */
export class Roster {
  readonly #current = new Map<number, Replica>();
  /** Those that serve until their successor does. */
  readonly #leaving = new Set<Replica>();

  get all(): Replica[] {
    return [...this.#leaving, ...this.current];
  }

  /** Those that are to stay, by number. */
  get current(): Replica[] {
    return [...this.#current.values()].sort((a, b) => a.plan.replica - b.plan.replica);
  }

  get plans(): WorkerPlan[] {
    return this.current.map(({ plan }) => plan);
  }

  add(replica: Replica): void {
    this.#current.set(replica.plan.replica, replica);
  }

  /** Their numbers may be given to others; they go on. */
  setAside(numbers: readonly number[]): void {
    for (const number of numbers) {
      const replica = this.#current.get(number);
      if (replica === undefined) continue;
      this.#leaving.add(replica);
      this.#current.delete(number);
    }
  }

  /**
   * Ends those that were set aside when their requests have been answered, or have gone elsewhere. Resolves when they
   * are gone.
   */
  async endLeaving(canMove: boolean): Promise<void> {
    const ended = [...this.#leaving].map(async (replica) => {
      await replica.stop("drain", LONG_ANSWER, canMove);
      this.#leaving.delete(replica);
    });
    await Promise.all(ended);
  }

  /** Those that were set aside stay after all, and this one does not: it has not come to serve. */
  async takeBack(successor: Replica): Promise<void> {
    this.#current.delete(successor.plan.replica);
    for (const replica of this.#leaving) this.add(replica);
    this.#leaving.clear();
    await successor.stop("kill");
  }
}
