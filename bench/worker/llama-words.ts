/** What llama-server v0.5.0 writes, byte for byte in length: taken from its answers. */
const HEAD =
  '"created":1732300000,"id":"chatcmpl-yTofrZsfJ581Uv73ae1i8nP1p9I98xCq","model":"qwen.gguf","system_fingerprint":"b1-de3ff81"';
const TIMINGS =
  '"timings":{"cache_n":0,"prompt_n":13,"prompt_ms":4.583,"prompt_per_token_ms":0.35253846,"prompt_per_second":2836.569932,"predicted_n":10,"predicted_ms":5.241,"predicted_per_token_ms":0.58233333,"predicted_per_second":1717.229536}';

const event = (finish: string, delta: string, more = "") =>
  Buffer.from(
    `data: {"choices":[{"finish_reason":${finish},"index":0,"delta":${delta}}],${HEAD},"object":"chat.completion.chunk"${more}}\n\n`,
  );

export const ROLE_EVENT = event("null", '{"role":"assistant","content":null}');
export const TOKEN_EVENT = event("null", '{"content":" word"}');
export const FINAL_EVENT = event('"length"', "{}", `,${TIMINGS}`);
export const DONE_EVENT = Buffer.from("data: [DONE]\n\n");

export const HEALTH = '{"status":"ok"}';
export const UNAUTHORIZED = '{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}';

/** A whole answer of so many words. */
export function plainAnswer(tokens: number): string {
  const usage = `"usage":{"completion_tokens":${tokens},"prompt_tokens":9,"total_tokens":${tokens + 9}}`;
  const message = `{"role":"assistant","content":"${" word".repeat(tokens)}"}`;
  return `{"choices":[{"finish_reason":"length","index":0,"message":${message}}],${HEAD},"object":"chat.completion",${usage},${TIMINGS}}`;
}
