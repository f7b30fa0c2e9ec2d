import type { TokenCount } from "./facts.ts";

/**
 * How many tokens a request took, from the end of llama-server's answer, streamed or not: it closes with `timings`, or
 * at least with OpenAI's `usage`. In the text of an answer the quotes are escaped, so a user can't forge them.
 */
export function tokensAtEndOf(tail: string): TokenCount | null {
  const prompt = numberOf(tail, "prompt_n");
  const completion = numberOf(tail, "predicted_n");
  if (prompt !== null && completion !== null) {
    return { prompt: prompt + (numberOf(tail, "cache_n") ?? 0), completion };
  }
  const used = numberOf(tail, "prompt_tokens");
  return used === null ? null : { prompt: used, completion: numberOf(tail, "completion_tokens") ?? 0 };
}

function numberOf(tail: string, name: string): number | null {
  const key = `"${name}":`;
  const at = tail.lastIndexOf(key);
  if (at === -1 || tail[at - 1] === "\\") return null;
  const value = Number.parseInt(tail.slice(at + key.length, at + key.length + 20), 10);
  return Number.isNaN(value) || value < 0 ? null : value;
}
