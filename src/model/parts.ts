import { basename, dirname, join } from "node:path";
import { CorralError } from "../errors.ts";
import { PART_NAME } from "../model-name.ts";
import { broken, missing } from "./broken.ts";
import { type GgufFile, readGguf } from "./gguf/read.ts";
import type { GgufValue } from "./gguf/value.ts";

/** All files of a model, the first part first. A model that isn't split is one file. */
export type ModelParts = readonly [GgufFile, ...GgufFile[]];

/**
 * Reads the headers of all files of the model that any one of them belongs to, and checks that they belong together.
 * Throws CORRAL_MODEL_MISSING or CORRAL_MODEL_BROKEN.
 */
export async function readParts(path: string): Promise<ModelParts> {
  const named = await readGguf(path);
  const count = splitNumber(named, "split.count") ?? 1;
  if (count <= 1) return [named];

  const paths = partPaths(named.path, count);
  const [first, ...others] = paths;
  const parts: [GgufFile, ...GgufFile[]] = [await readPart(first, paths)];
  for (const other of others) parts.push(await readPart(other, paths));
  for (const [index, part] of parts.entries()) requirePart(part, index, count);
  requireAllTensors(parts);
  return parts;
}

function partPaths(path: string, count: number): [string, ...string[]] {
  const groups = PART_NAME.exec(basename(path))?.groups;
  if (groups === undefined || Number(groups.count) !== count) {
    throw broken(
      path,
      `is a part of a model in ${count} files, but isn't named like one`,
      `Give all parts their names back: NAME-00001-of-${digits(count)}.gguf and so on.`,
    );
  }
  const pathOf = (index: number): string =>
    join(dirname(path), `${groups.stem}-${digits(index + 1)}-of-${digits(count)}.gguf`);
  return [pathOf(0), ...Array.from({ length: count - 1 }, (_, index) => pathOf(index + 1))];
}

const digits = (part: number): string => String(part).padStart(5, "0");

async function readPart(path: string, all: readonly string[]): Promise<GgufFile> {
  try {
    return await readGguf(path);
  } catch (error) {
    if (!(error instanceof CorralError) || error.code !== "CORRAL_MODEL_MISSING") throw error;
    throw missing(path, `is missing, one of the model's ${all.length} parts`, "Download it to the others.", error);
  }
}

function requirePart(part: GgufFile, index: number, count: number): void {
  const number = splitNumber(part, "split.no");
  const total = splitNumber(part, "split.count");
  if (number === index && total === count) return;
  throw broken(
    part.path,
    `says that it is part ${number === null ? "?" : number + 1} of ${total ?? "?"}, not ${index + 1} of ${count}`,
    "Download all parts of the model again, from one source.",
  );
}

function requireAllTensors(parts: ModelParts): void {
  const seen = new Set<string>();
  for (const { path, tensors } of parts) {
    for (const { name } of tensors) {
      if (seen.has(name)) throw broken(path, `holds the tensor ${JSON.stringify(name)} of another part once more`);
      seen.add(name);
    }
  }
  const [first] = parts;
  const total = splitNumber(first, "split.tensors.count");
  if (total === null || total === seen.size) return;
  throw broken(
    first.path,
    `says that the model has ${total} tensors, and its parts have ${seen.size}`,
    "Download all parts of the model again, from one source.",
  );
}

function splitNumber({ metadata }: GgufFile, key: string): number | null {
  const value: GgufValue | undefined = metadata.get(key);
  return value?.type !== "array" && typeof value?.value === "number" ? value.value : null;
}
