import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { refusal } from "./errors.ts";

/** Throws what a client without a valid key is told. */
export type KeyCheck = (headers: IncomingHttpHeaders) => void;

/**
 * Compares `Authorization: Bearer KEY` or `x-api-key: KEY` with each key in constant time, whatever their lengths:
 * digests are compared, and all of them. Without keys everyone may.
 */
export function keyCheck(keys: readonly string[]): KeyCheck {
  const digests = keys.map(digest);
  return (headers) => {
    if (digests.length === 0) return;
    const given = keyOf(headers);
    const own = digest(given ?? "");
    const matches = digests.filter((known) => timingSafeEqual(known, own));
    if (given !== null && matches.length > 0) return;
    throw refusal(
      401,
      given === null
        ? "This server wants an API key. Send it as `Authorization: Bearer KEY`."
        : "The API key is not valid. Ask whoever runs this server for one.",
      { code: "invalid_api_key", headers: { "www-authenticate": "Bearer" } },
    );
  };
}

function keyOf(headers: IncomingHttpHeaders): string | null {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1];
  const plain = headers["x-api-key"];
  return bearer ?? (typeof plain === "string" && plain !== "" ? plain : null);
}

function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
