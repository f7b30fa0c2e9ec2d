import type { Pool } from "undici";
import { isObject, type Json } from "./event.ts";
import { toWorker } from "./headers.ts";

/**
 * A question of corral's own to a worker: JSON there and back. Null where it does not answer 200 with an object.
 * @throws what keeps it from answering at all, the signal's reason
 */
export async function askWorker(
  pool: Pool,
  key: string,
  { path, body, signal }: { readonly path: string; readonly body: unknown; readonly signal: AbortSignal },
): Promise<Json | null> {
  const answer = await pool.request({
    method: "POST",
    path,
    headers: toWorker({ "content-type": "application/json" }, key),
    body: JSON.stringify(body),
    reset: true,
    signal,
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) return null;
  const json: unknown = JSON.parse(text);
  return isObject(json) ? json : null;
}
