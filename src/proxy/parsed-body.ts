import type { UpstreamRequest } from "./sink.ts";

/** Null of what is no JSON: that is the engine's to refuse. */
export function parsedBody({ parsed, body }: UpstreamRequest): unknown {
  if (parsed !== undefined || body === null) return parsed ?? null;
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}
