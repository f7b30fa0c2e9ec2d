import type { AskWorker, ChatHead, PromptStore, SavedPrompt } from "./engine.ts";

/** Computes nothing beyond the prompt. */
const NO_ANSWER = { n_predict: 0, temperature: 0, cache_prompt: true } as const;

/**
 * llama-server's slots in files. Which slot holds a prompt it does not say, but an answer of its own `/completion` names
 * the slot that it used: that of the longest common beginning, or else the one that was used longest ago, whose content
 * it has put into its cache by then.
 */
export const llamaPromptStore: PromptStore = { save, restore };

async function save(ask: AskWorker, head: ChatHead, file: string): Promise<SavedPrompt> {
  // Templates want a question behind the system's message; where it begins, all chats with this head still agree.
  const messages = [...head.messages, { role: "user", content: "" }];
  const { prompt } = await ask("/apply-template", { ...head, messages });
  const { id_slot } = await ask("/completion", { ...NO_ANSWER, prompt });
  const saved = await ask(`/slots/${id_slot}?action=save`, { filename: file });
  return { tokens: Number(saved.n_saved), bytes: Number(saved.n_written) };
}

async function restore(ask: AskWorker, file: string): Promise<void> {
  const { id_slot } = await ask("/completion", { ...NO_ANSWER, prompt: "." });
  await ask(`/slots/${id_slot}?action=restore`, { filename: file });
}
