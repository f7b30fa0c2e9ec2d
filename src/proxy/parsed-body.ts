import type { UpstreamRequest } from "./sink.ts";

/** A library's request is read by several that know nothing of each other. */
const known = new WeakMap<Buffer, unknown>();

/** Null of what is no JSON: that is the engine's to refuse. Each body is parsed once. */
export function parsedBody({ parsed, body }: Pick<UpstreamRequest, "parsed" | "body">): unknown {
  if (parsed !== undefined || body === null) return parsed ?? null;
  if (!known.has(body)) known.set(body, parse(body));
  return known.get(body);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}
