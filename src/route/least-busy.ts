import { NONE, type Policy } from "./policy.ts";

/** Most free slots; of equals the least recently used, so that idle workers take turns. */
export const leastBusy: Policy = {
  name: "least-busy",
  choose({ rows, open, slots, busy, lastUsed }) {
    let best = NONE;
    let most = 0;
    for (let row = 0; row < rows; row += 1) {
      const free = (slots[row] as number) - (busy[row] as number);
      if (open[row] !== 1 || free < 1 || free < most) continue;
      if (free === most && (lastUsed[row] as number) >= (lastUsed[best] as number)) continue;
      best = row;
      most = free;
    }
    return best;
  },
};
