import { NONE, type Policy } from "./policy.ts";

/** Each in its turn: of those with a free slot the one that was used longest ago. */
export const roundRobin: Policy = {
  name: "round-robin",
  choose(board) {
    let best = NONE;
    for (let row = 0; row < board.rows; row += 1) {
      if (!board.isFree(row)) continue;
      if (best === NONE || (board.lastUsed[row] as number) < (board.lastUsed[best] as number)) best = row;
    }
    return best;
  },
};
