import { type ChatLoad, PROMPTS_A_PAUSE, WORDS_OF } from "./chats.ts";
import type { Pool, Preparation } from "./contestants.ts";

export function methodText(
  { chats, turns, answer, pause }: ChatLoad,
  { workers, slots, remembered, promptCache }: Pool & Pick<Preparation, "promptCache">,
  rounds: number,
): string {
  return `Method. A 0.5B model with random weights (Q4_0, 350 MB; speed does not see values) on ${workers} workers of 1 thread and
${slots} slots. ${chats} chats at once, each of ${turns} turns: a system prompt of ${WORDS_OF.system} words, a first question of ${WORDS_OF.first}, then
questions of ${WORDS_OF.next} (a word is some six tokens of this model), each sent with all that was said before; answers of
exactly ${answer} tokens, streamed; in the history texts of ${WORDS_OF.answer} words stand for them (what a random model says is no text). Between an answer and the next question
${(0.5 * pause).toFixed(1)} to ${(1.5 * pause).toFixed(1)} s pass: by default ${PROMPTS_A_PAUSE} times what a worker that has the machine to itself takes for a whole prompt, as
measured before, so that workers that know half of the prompts are busy all the time. Each worker's prompt cache has room for
${remembered} such prompts (${promptCache} MiB): for its share of the chats, not for all, as where contexts are long. Contestants take turns, each round begun with another one, ${rounds} rounds; each is started anew for
its turn, so that its caches are empty, and has texts of its own, while users pause alike. All have the same workers: llama-server with corral's
command line and CPUs; HAProxy balances by leastconn, no more to a worker than it has slots. The time to the first token
is that to the first byte of the answer. Figures are medians over rounds, ratios medians of the rounds' ratios (least to
most): how many times longer one waits than with corral's predicted-time. The client shares the machine.`;
}
