import type { Load } from "./rounds.ts";

export function methodText({ rounds, tokens, concurrencies }: Load): string {
  return `Method. A 0.5B model with random weights (Q4_0, 350 MB; speed does not see values) answers the same short prompt with
exactly ${tokens} tokens each time. All contestants are up during the whole run and idle while another is asked; at every
concurrency (${concurrencies.join(", ")} at once) they take turns, each round begun with another one, ${rounds} rounds; figures are medians,
ratios medians of the rounds' ratios (least to most). Tokens per second: all answers' tokens, as the engine counts them,
over the time from the first question to the end of the last answer. corral is asked through its gateway, in a process
of its own. The rival is the same llama-server program, asked directly, started with the model and nothing else (so: as
many threads as cores, 4 slots). Neighbour busy: one process that computes without end, pinned nowhere. The client shares
the machine; it counts bytes and reads only the last event, and what it used is said below the figures.`;
}
