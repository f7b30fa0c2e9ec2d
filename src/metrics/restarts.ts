import type { WorkerEvent } from "../pool-types.ts";

/** There from the start, so that the first of them is seen as an increase; others are rare. */
const USUAL_REASONS = ["planned", "killed", "crashed", "exited", "out-of-memory", "wedged"];

/** Counts the starts of each replica after its first, by why the one before had ended. */
export class Restarts {
  readonly #counts = new Map<number, Map<string, number>>();
  /** By replica: of the failure that no start has followed yet. */
  readonly #reasons = new Map<number, string>();
  /** By replica: the start that was counted last; it is told again when its process has an id. */
  readonly #counted = new Map<number, string>();

  note({ replica, start, id, state }: WorkerEvent): void {
    if (state.name === "failed") this.#reasons.set(replica, state.failure.reason);
    if (state.name !== "starting" || start === 0 || this.#counted.get(replica) === id) return;
    this.#counted.set(replica, id);
    const reason = this.#reasons.get(replica) ?? "planned";
    this.#reasons.delete(replica);
    const counts = this.of(replica);
    this.#counts.set(replica, new Map(counts).set(reason, (counts.get(reason) ?? 0) + 1));
  }

  /** By reason. */
  of(replica: number): ReadonlyMap<string, number> {
    return this.#counts.get(replica) ?? new Map(USUAL_REASONS.map((reason) => [reason, 0]));
  }
}
