import type { Ending, FailureReason, Pulse } from "./engine.ts";

/** What llama-server v0.5.0 writes before it ends, the first match wins: a narrow cause stands before a wide one. */
const SIGNS: readonly (readonly [RegExp, FailureReason])[] = [
  [/insufficient memory|failed to allocate|bad_alloc|Cannot allocate memory|mem_buffer != NULL/, "out-of-memory"],
  [/couldn't bind HTTP server socket|couldn't start HTTP listener/, "port-taken"],
  [/error: invalid argument: |error while handling argument |the argument has been removed/, "bad-flag"],
  [/failed to open GGUF file .*\(.+\)/, "model-missing"],
  [/unknown model architecture|GGUF file is version \d+ but|unknown pre-tokenizer type/, "model-unsupported"],
  [/llama_model_load: error loading model|failed to load model/, "model-broken"],
];

/** Why it ended. Pure. */
export function classifyEnding({ exitCode, signal, outOfMemory, tail }: Ending): FailureReason {
  if (outOfMemory) return "out-of-memory";
  if (signal === "SIGILL") return "illegal-instruction";
  if (signal === "SIGKILL" || exitCode === 137) return "killed";
  const text = tail.join("\n");
  const sign = SIGNS.find(([pattern]) => pattern.test(text));
  if (sign !== undefined) return sign[1];
  return signal === null ? "exited" : "crashed";
}

/**
 * From GET /metrics. While it computes, a thread of its own answers that request (server-queue.cpp, yield_to_queue),
 * so that an answer alone proves little; the counter of decodes does.
 */
export function readLlamaPulse(metrics: string): Pulse | null {
  const turns = counter(metrics, "n_decode_total");
  const working = counter(metrics, "requests_processing");
  return turns === null || working === null ? null : { turns, working };
}

function counter(metrics: string, name: string): number | null {
  const value = new RegExp(`^llamacpp:${name} (\\S+)$`, "m").exec(metrics)?.[1];
  return value === undefined ? null : Number(value);
}
