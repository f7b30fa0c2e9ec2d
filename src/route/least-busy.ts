import { NONE, type Policy } from "./policy.ts";

/** Most free slots; of equals the least recently used, so that idle workers take turns. */
export const leastBusy: Policy = {
  name: "least-busy",
  choose({ rows, free, lastUsed }) {
    let best = NONE;
    let most = 0;
    for (let row = 0; row < rows; row += 1) {
      const slots = free[row] as number;
      if (slots < 1 || slots < most) continue;
      if (slots === most && (lastUsed[row] as number) >= (lastUsed[best] as number)) continue;
      best = row;
      most = slots;
    }
    return best;
  },
};
