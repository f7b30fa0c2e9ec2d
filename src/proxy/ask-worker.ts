import type { Pool } from "undici";
import { isObject, type Json } from "./event.ts";

/** A question of corral's own to a worker: JSON there and back. @throws where it does not answer 200 with an object */
export async function askWorker(
  pool: Pool,
  key: string,
  { path, body, signal }: { readonly path: string; readonly body: unknown; readonly signal: AbortSignal },
): Promise<Json> {
  const answer = await pool.request({
    method: "POST",
    path,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
    reset: true,
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}: ${text.slice(0, 200)}`);
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error(`${path} answered no object: ${text.slice(0, 200)}`);
  return value;
}
