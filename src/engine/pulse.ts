import type { Pulse } from "./engine.ts";

/**
 * From GET /metrics. While it computes, a thread of its own answers that request (server-queue.cpp, yield_to_queue),
 * so that an answer alone proves little; the counter of decodes does.
 */
export function readPulse(metrics: string): Pulse | null {
  const turns = counter(metrics, "n_decode_total");
  const working = counter(metrics, "requests_processing");
  return turns === null || working === null ? null : { turns, working };
}

function counter(metrics: string, name: string): number | null {
  const value = new RegExp(`^llamacpp:${name} (\\S+)$`, "m").exec(metrics)?.[1];
  return value === undefined ? null : Number(value);
}
