import { createHash } from "node:crypto";
import { parsedBody } from "./parsed-body.ts";
import type { UpstreamRequest } from "./sink.ts";

/** Fields that change from one try of a client to the next, or do not reach what computes. */
const IMMATERIAL: ReadonlySet<string> = new Set([
  "model",
  "user",
  "metadata",
  "store",
  "service_tier",
  "safety_identifier",
  "prompt_cache_key",
  "stream",
  "stream_options",
  "timeout",
]);

/**
 * What is the same of a request when its client sends it again: the method, the path, and the body without its
 * immaterial fields, in whichever order they come. A hash: no prompt can be read from it. Pure.
 */
export function fingerprintOf(request: UpstreamRequest): string {
  const { method, path, body } = request;
  const [route = ""] = path.split("?", 1);
  const hash = createHash("sha256").update(`${method} ${route}\n`);
  if (body !== null) hash.update(material(parsedBody(request)) ?? body);
  return hash.digest("base64url");
}

/** Null where only the bytes can tell: no JSON object, or one that nests too deep to be written. */
function material(value: unknown): string | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const fields = Object.entries(value).filter(([name]) => !IMMATERIAL.has(name));
  try {
    return JSON.stringify(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
  } catch {
    return null;
  }
}
