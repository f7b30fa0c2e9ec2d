import type { UpstreamRequest } from "./sink.ts";

/** A library's request is read by several that know nothing of each other. By request: its buffer may be used again. */
const known = new WeakMap<UpstreamRequest, unknown>();

/** Null of what is no JSON: that is the engine's to refuse. */
export function parsedBody(request: UpstreamRequest): unknown {
  const { parsed, body } = request;
  if (parsed !== undefined || body === null) return parsed ?? null;
  if (!known.has(request)) known.set(request, parse(body));
  return known.get(request);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}
