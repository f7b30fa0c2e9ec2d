import type { Load } from "./rounds.ts";

export function methodText({ rounds, promptTokens, tokens, threads }: Load): string {
  return `Method. One model file of ChatGLM3-6B's shapes with 4 layers and random weights (Q4_0; speed does not see values): as it is
on chatglm-server, and converted by corral (same tensor bytes) on llama-server. Each program is started directly, once
for each number of threads (${threads.join(", ")}), pinned to as many CPUs, with one sequence and its prompt cache left unused;
all are up during the whole run and idle while another is asked. They take turns, each round begun with another one,
${rounds} rounds after one to warm up. A question is a new prompt of about ${promptTokens} tokens, answered greedily with ${tokens} tokens.
Tokens per second are the programs' own timings, of reading the prompt (prefill) and of writing (decode); figures are
medians, ratios medians of the rounds' ratios (least to most). The rival is chatglm-server, which is chatglm.cpp.`;
}
