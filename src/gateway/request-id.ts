import { randomUUID } from "node:crypto";

/** What may stand in a log line and a header without being escaped. */
const SAFE = /^[A-Za-z0-9._-]{1,128}$/;

/** The client's own `x-request-id` where it is safe, else a new one. */
export function requestId(given: string | string[] | undefined): string {
  return typeof given === "string" && SAFE.test(given) ? given : randomUUID();
}
