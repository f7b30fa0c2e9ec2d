import { Transcript } from "../../src/proxy/transcript.ts";

/** Events as llama-server writes them. */
const head = {
  created: 1,
  id: "chatcmpl-1",
  model: "m",
  system_fingerprint: "b1",
  object: "chat.completion.chunk",
};
export const textHead = { ...head, object: "text_completion" };

export const chunk = (delta: object, finish: string | null = null, index = 0): object => ({
  choices: [{ finish_reason: finish, index, delta }],
  ...head,
});
export const role = chunk({ role: "assistant", content: null });
export const piece = (content: string): object => chunk({ content });
export const usage = (prompt: number, completion: number, cached = 0): object => ({
  completion_tokens: completion,
  prompt_tokens: prompt,
  total_tokens: prompt + completion,
  prompt_tokens_details: { cached_tokens: cached },
});
export const counted = (prompt: number, completion: number): object => ({
  choices: [],
  ...head,
  usage: usage(prompt, completion),
});
export const textPiece = (text: string, finish: string | null = null, index = 0): object => ({
  choices: [{ text, index, logprobs: null, finish_reason: finish }],
  ...textHead,
});

export function bytesOf(...events: (object | string)[]): Buffer {
  const lines = events.map((event) => (typeof event === "string" ? event : JSON.stringify(event)));
  return Buffer.from(lines.map((data) => `data: ${data}\n\n`).join(""));
}

export function draftOf(...events: (object | string)[]): Transcript["draft"] {
  const transcript = new Transcript();
  transcript.push(bytesOf(...events));
  return transcript.draft;
}
