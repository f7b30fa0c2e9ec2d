import { CorralError } from "../errors.ts";

/** A model file that is damaged or is something else. `what` continues a sentence that begins with the file's path. */
export function broken(
  path: string,
  what: string,
  remedy = "Download it again, and compare its size and sha256 with what its source says.",
  facts: Readonly<Record<string, unknown>> = {},
): CorralError {
  return new CorralError("CORRAL_MODEL_BROKEN", `${path} ${what}. ${remedy}`, { facts: { path, ...facts } });
}

/** A model file that isn't there or can't be read. */
export function missing(path: string, what: string, remedy: string, cause?: unknown): CorralError {
  return new CorralError("CORRAL_MODEL_MISSING", `${path} ${what}. ${remedy}`, { cause, facts: { path } });
}
