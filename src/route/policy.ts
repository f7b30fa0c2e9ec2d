import type { Ask } from "./ask.ts";
import type { Board } from "./board.ts";

/** Chooses among upstreams. Pure: the same board, ask and time give the same choice. */
export interface Policy {
  readonly name: PolicyName;
  /**
   * The row to send it to; NONE where there is none for it. A row without a free slot: it is to wait for that one, and
   * the policy is asked again when anything has changed.
   *
   * @param mayWait whether such a row may be chosen
   */
  choose(board: Board, ask: Ask, now: number, mayWait: boolean): number;
}

export const NONE = -1;

export type PolicyName = "predicted-time" | "least-busy" | "round-robin" | "consistent-hash";
