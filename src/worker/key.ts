import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";

/** 256 random bits, in letters that need no escaping in a header. */
export function newKey(): string {
  return randomBytes(32).toString("base64url");
}

/** Only the owner may read it; a file that is there already is an error, not overwritten: it may be somebody's link. */
export async function writeKey(path: string, key: string): Promise<void> {
  await writeFile(path, `${key}\n`, { mode: 0o600, flag: "wx" });
}
