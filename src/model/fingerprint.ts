import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { withFile } from "./source.ts";

/** Bytes of each place that is read, and how many places there are, evenly over the file. */
const SAMPLE = 256 * 1024;
const PLACES = 32;

/**
 * Tells files apart by size, time of change, and samples of what they hold: 8 MiB in all, the first and last bytes among
 * them. By both, for samples miss a small change, and files out of an archive may all have one time. Hexadecimal.
 * Throws CORRAL_MODEL_MISSING.
 */
export function fingerprint(path: string): Promise<string> {
  return hashOfSamples(path, async () => `${(await stat(path, { bigint: true })).mtimeNs}\n`);
}

/**
 * The same without the time of change: a copy of a file has the same. For what does no harm where a small change is
 * missed. Throws CORRAL_MODEL_MISSING.
 */
export function contentFingerprint(path: string): Promise<string> {
  return hashOfSamples(path, async () => "");
}

function hashOfSamples(path: string, time: () => Promise<string>): Promise<string> {
  return withFile(path, async (source) => {
    const hash = createHash("sha256").update(`${source.size} ${await time()}`);
    const buffer = Buffer.alloc(SAMPLE);
    const last = Math.max(0, source.size - SAMPLE);
    for (const place of samplePlaces(last)) {
      hash.update(buffer.subarray(0, await source.read(buffer, place)));
    }
    return hash.digest("hex").slice(0, 16);
  });
}

const samplePlaces = (last: number): Set<number> =>
  new Set(Array.from({ length: PLACES }, (_, index) => Math.round((last * index) / (PLACES - 1))));
