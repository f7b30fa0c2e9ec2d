import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CorralError } from "../errors.ts";

export interface WriteOptions {
  /** Called after each piece. */
  readonly onProgress?: ((progress: WriteProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes. */
export interface WriteProgress {
  readonly written: number;
  readonly total: number;
}

/** Bytes in pieces of any size, in their order. */
export type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes a file whole or not at all: it appears under its name when it is complete. Pieces are made as they are written.
 * Throws CORRAL_WRITE_FAILED, the signal's reason, or what making a piece throws.
 */
export async function writeWhole(path: string, pieces: Pieces, signal: AbortSignal | undefined): Promise<void> {
  const partial = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.partial`);
  try {
    await writeAll(partial, pieces, signal);
    await rename(partial, path);
  } catch (error) {
    // Where even this fails, the first error is the one that says why.
    await rm(partial, { force: true }).catch(() => {});
    throw isSystemError(error) ? cannotWrite(path, error) : error;
  }
}

/** Nobody who still writes a file pauses for so long. Milliseconds. */
const ABANDONED = 10 * 60_000;

/** Removes what processes that were killed have left of a file. */
export async function removeAbandoned(path: string): Promise<void> {
  const folder = dirname(path);
  const begun = (await readdir(folder)).filter(
    (name) => name.startsWith(`.${basename(path)}.`) && name.endsWith(".partial"),
  );
  for (const name of begun) {
    const partial = join(folder, name);
    const { mtimeMs } = await stat(partial).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > ABANDONED) await rm(partial, { force: true });
  }
}

async function writeAll(path: string, content: Pieces, signal: AbortSignal | undefined): Promise<void> {
  const file = await open(path, "wx");
  try {
    for await (const piece of content) {
      signal?.throwIfAborted();
      await file.writeFile(piece);
    }
  } finally {
    await file.close();
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && "syscall" in error;

function cannotWrite(path: string, cause: NodeJS.ErrnoException): CorralError {
  const remedy =
    cause.code === "ENOSPC" || cause.code === "EDQUOT"
      ? "Free some space, or choose another place."
      : "Check that its folder exists and may be written to.";
  return new CorralError("CORRAL_WRITE_FAILED", `cannot write ${path}: ${cause.message}. ${remedy}`, {
    cause,
    facts: { path, reason: cause.code },
  });
}
