import { constants, type FileHandle, open } from "node:fs/promises";
import { missing } from "./broken.ts";

/** Bytes that can be read from any place. */
export interface ByteSource {
  /** For messages. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Fills `target` from `position` on; returns how many bytes it got, fewer only at the end. */
  readonly read: (target: Uint8Array, position: number) => Promise<number>;
}

/** Opens a file for `use` and closes it. Throws CORRAL_MODEL_MISSING where it can't be read. */
export async function withFile<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const file = await openFile(path);
  try {
    return await use(await sourceOf(file, path));
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Not to wait for the other end of a pipe that somebody named as a model.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") throw missing(path, "does not exist", "Check the path.", error);
    throw missing(path, `cannot be opened (${code ?? error})`, "Check who may read it.", error);
  }
}

async function sourceOf(file: FileHandle, path: string): Promise<ByteSource> {
  const stat = await file.stat();
  if (stat.isDirectory()) throw missing(path, "is a folder", "Name the model file in it.");
  if (!stat.isFile()) throw missing(path, "is not a regular file", "Save the model to a file first.");
  return { path, size: stat.size, read: (target, position) => readWhole(file, path, target, position) };
}

async function readWhole(file: FileHandle, path: string, target: Uint8Array, position: number): Promise<number> {
  let done = 0;
  try {
    while (done < target.length) {
      const { bytesRead } = await file.read(target, done, target.length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
  } catch (error) {
    throw missing(path, "cannot be read", "Check the disk it is on.", error);
  }
  return done;
}
