import { resolve } from "node:path";
import { broken } from "../broken.ts";
import { Cursor } from "../cursor.ts";
import { type ByteSource, withFile } from "../source.ts";
import { lookalike, TELLING_BYTES } from "./lookalike.ts";
import { type MetadataOptions, readMetadata } from "./metadata.ts";
import { placeTensors, readTensorTable } from "./tensors.ts";
import { align, DEFAULT_ALIGNMENT, MAGIC } from "./types.ts";
import type { GgufHeader, GgufValue } from "./value.ts";

/** Far more than any model has; small enough for a table in memory. */
const MOST_KEYS = 65_536;
const MOST_TENSORS = 131_072;
/** Bytes that an entry takes at least: a key of one letter with a byte; a tensor of one letter without dimensions. */
const LEAST_KEY = 8 + 1 + 4 + 1;
const LEAST_TENSOR = 8 + 1 + 4 + 4 + 8;

export interface GgufFile extends GgufHeader {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
}

/**
 * Reads the header of one GGUF file (v2 or v3), which may be a part of a split model, and checks that its tensors are
 * all there. Time and memory are bounded, whatever the file holds: at most 256 MiB are read, and 128 MiB kept.
 * Throws CORRAL_MODEL_MISSING or CORRAL_MODEL_BROKEN.
 */
export async function readGguf(path: string, options: MetadataOptions = {}): Promise<GgufFile> {
  const absolute = resolve(path);
  return withFile(absolute, async (source) => ({
    ...(await readHeader(source, options)),
    path: absolute,
    bytes: source.size,
  }));
}

export async function readHeader(source: ByteSource, options: MetadataOptions = {}): Promise<GgufHeader> {
  const cursor = new Cursor(source);
  const version = await readVersion(cursor, source);
  const { tensorCount, keyCount } = await readCounts(cursor);
  const metadata = await readMetadata(cursor, keyCount, options);
  const alignment = alignmentOf(metadata.get("general.alignment"), cursor);
  const entries = await readTensorTable(cursor, tensorCount);
  const dataOffset = align(cursor.position, alignment);
  const tensors = placeTensors(entries, { cursor, dataOffset, size: source.size, alignment });
  return { version, alignment, metadata, tensors, dataOffset };
}

async function readVersion(cursor: Cursor, source: ByteSource): Promise<number> {
  await requireMagic(source);
  cursor.skip(4);
  await cursor.fill(4);
  const version = cursor.u32();
  if (version === 2 || version === 3) return version;
  if (version !== 0 && (version & 0xffff) === 0) {
    throw broken(
      source.path,
      "is a GGUF for big-endian machines",
      "Download the little-endian file of the same model.",
    );
  }
  if (version === 1) {
    throw broken(source.path, "is a GGUF of version 1, which engines no longer read", "Download a newer file.");
  }
  throw broken(source.path, `is a GGUF of the unknown version ${version}; 2 and 3 are known`);
}

async function requireMagic(source: ByteSource): Promise<void> {
  const buffer = Buffer.alloc(Math.min(TELLING_BYTES, source.size));
  const start = buffer.subarray(0, await source.read(buffer, 0));
  if (start.length >= 4 && start.readUInt32LE() === MAGIC) return;
  const { what, remedy } = lookalike(start, source.size);
  throw broken(source.path, `is ${what}`, remedy);
}

async function readCounts(cursor: Cursor): Promise<{ tensorCount: number; keyCount: number }> {
  await cursor.fill(16);
  const tensorCount = cursor.length();
  const keyCount = cursor.length();
  if (tensorCount > MOST_TENSORS || keyCount > MOST_KEYS) {
    throw cursor.broken(`says that it has ${tensorCount} tensors and ${keyCount} keys, which no model has`);
  }
  if (tensorCount * LEAST_TENSOR + keyCount * LEAST_KEY > cursor.left) {
    throw cursor.broken(`says that it has ${tensorCount} tensors and ${keyCount} keys, and is too short for them`);
  }
  return { tensorCount, keyCount };
}

function alignmentOf(value: GgufValue | undefined, cursor: Cursor): number {
  if (value === undefined) return DEFAULT_ALIGNMENT;
  const alignment = value.type === "u32" ? Number(value.value) : 0;
  if (alignment > 0 && Number.isInteger(Math.log2(alignment))) return alignment;
  throw cursor.broken("has a general.alignment that is not a power of two");
}
