import type { RequestShape } from "./prompts.ts";

/**
 * Requests as people send them, scaled down to what CPUs are asked for, ratios kept. Each list is made from a public
 * trace: its rows sorted by prompt tokens into four equal parts, each of these by answer tokens into two; of each of
 * the eight the medians of both, divided by the scale. The order is one in which long ones are apart.
 */
export const TRACES = {
  /** Chats: Azure LLM inference trace 2023, conversations, its first 4,000 rows; by 8. */
  chat: shapes("127/52 48/9 164/25 138/54 26/18 509/7 137/49 115/14"),
  /** Chats over documents: Mooncake conversation trace (FAST'25), its first 4,000 rows, no prefix shared; by 16. */
  long: shapes("690/12 332/29 1580/11 77/30 745/29 66/6 1745/32 323/11"),
} as const satisfies Record<string, readonly RequestShape[]>;

export type Trace = keyof typeof TRACES;

/** "prompt/answer prompt/answer ..." */
function shapes(text: string): readonly RequestShape[] {
  return text.split(" ").map((pair) => {
    const [prompt = 0, answer = 0] = pair.split("/").map(Number);
    return { prompt, answer };
  });
}
