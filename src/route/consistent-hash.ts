import { leastBusy } from "./least-busy.ts";
import { NONE, type Policy } from "./policy.ts";

/**
 * All turns of a conversation go to the same upstream, whoever else comes or goes, while it has a slot free; else to the
 * next in an order that is the conversation's own. What belongs to none goes to the least busy.
 */
export const consistentHash: Policy = {
  name: "consistent-hash",
  choose(board, ask, now, mayWait) {
    const { conversation } = ask.prompt;
    if (conversation === 0) return leastBusy.choose(board, ask, now, mayWait);
    let best = NONE;
    let highest = -1;
    for (let row = 0; row < board.rows; row += 1) {
      const weight = weightOf(conversation, board.identity[row] as number);
      if (weight <= highest || !board.isFree(row)) continue;
      best = row;
      highest = weight;
    }
    return best;
  },
};

/** Rendezvous hashing: of each pair of a conversation and an upstream a number that looks random. */
function weightOf(conversation: number, identity: number): number {
  const low = Math.imul((conversation | 0) ^ (identity | 0), 0x9e3779b1);
  const high = Math.imul(((conversation / 0x1_0000_0000) | 0) + (low ^ (low >>> 15)), 0x85ebca77);
  return (high ^ (high >>> 13)) >>> 0;
}
