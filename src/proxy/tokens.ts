import type { Measured } from "../route/rates.ts";
import type { TokenCount } from "./facts.ts";

/**
 * How many tokens a request took, from the end of llama-server's answer, streamed or not: it closes with `timings`, or
 * at least with `usage`, OpenAI's or Anthropic's. In the text of an answer the quotes are escaped, so a user can't forge
 * them.
 */
export function tokensAtEndOf(tail: string): TokenCount | null {
  return ofTimings(tail) ?? ofUsage(tail) ?? ofMessage(tail);
}

/** The same with the times that they took, where llama-server's `timings` are there. */
export function measuredAtEndOf(tail: string): Measured | null {
  const tokens = tokensAtEndOf(tail);
  if (tokens === null) return null;
  return {
    promptTokens: tokens.prompt,
    cachedTokens: tokens.cached,
    promptMs: millisecondsOf(tail, "prompt_ms"),
    completionTokens: tokens.completion,
    completionMs: millisecondsOf(tail, "predicted_ms"),
  };
}

function ofTimings(tail: string): TokenCount | null {
  const prompt = numberOf(tail, "prompt_n");
  const completion = numberOf(tail, "predicted_n");
  if (prompt === null || completion === null) return null;
  const cached = numberOf(tail, "cache_n") ?? 0;
  return { prompt: prompt + cached, cached, completion };
}

/** /v1/responses has other names than the older routes. */
function ofUsage(tail: string): TokenCount | null {
  const prompt = numberOf(tail, "prompt_tokens") ?? (tail.includes('"input_tokens_details":') ? input(tail) : null);
  if (prompt === null) return null;
  const completion = numberOf(tail, "completion_tokens") ?? numberOf(tail, "output_tokens") ?? 0;
  return { prompt, cached: numberOf(tail, "cached_tokens") ?? 0, completion };
}

/** Anthropic counts cached ones apart. A stream tells of its prompt at its beginning only, which is not looked at. */
function ofMessage(tail: string): TokenCount | null {
  const cached = numberOf(tail, "cache_read_input_tokens");
  const fresh = input(tail);
  if (cached === null || fresh === null) return null;
  return { prompt: fresh + cached, cached, completion: numberOf(tail, "output_tokens") ?? 0 };
}

function input(tail: string): number | null {
  return numberOf(tail, "input_tokens");
}

function numberOf(tail: string, name: string): number | null {
  const value = millisecondsOf(tail, name);
  return value === null ? null : Math.trunc(value);
}

function millisecondsOf(tail: string, name: string): number | null {
  const key = `"${name}":`;
  const at = tail.lastIndexOf(key);
  if (at === -1 || tail[at - 1] === "\\") return null;
  const value = Number.parseFloat(tail.slice(at + key.length, at + key.length + 24));
  return Number.isNaN(value) || value < 0 ? null : value;
}

/** Where the routes put a piece of the answer's text; it is empty or null in the events around it. */
const TEXT = /"(?:content|text|reasoning_content|delta|thinking|arguments|partial_json)": ?"[^"]/;

/** Whether a piece of a stream holds some of the answer, and not only what announces it. */
export function carriesToken(chunk: Buffer): boolean {
  return TEXT.test(chunk.toString("latin1"));
}
