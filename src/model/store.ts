import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CorralError } from "../errors.ts";
import { CONVERTER_VERSION, convertChatglm } from "./convert/convert.ts";
import type { ModelDescription } from "./description.ts";
import { writeEchoModel } from "./echo.ts";
import { fingerprint } from "./fingerprint.ts";
import { removeAbandoned, type WriteOptions } from "./whole-file.ts";

/** Raised with every change of what `writeEchoModel` writes, so that caches don't keep the old model. */
const ECHO_VERSION = 1;

/**
 * The path of the echo model in a cache directory, written if it is missing. Two processes may ask at once: a file appears
 * whole, and both write the same. Throws CORRAL_WRITE_FAILED.
 */
export async function ensureEchoModel(cacheDir: string): Promise<string> {
  const folder = join(cacheDir, "models");
  const path = join(folder, `echo-v${ECHO_VERSION}.gguf`);
  if (await exists(path)) return path;
  await makeFolder(folder);
  await writeEchoModel(path);
  return path;
}

/**
 * The path of a chatglm.cpp file's conversion to GGUF in a cache directory, converted if it is missing. It is found again
 * by what the file holds (`fingerprint`), wherever the file lies. Two processes may ask at once: a file appears whole, and
 * both write the same. Throws what `convertChatglm` throws.
 */
export async function ensureConverted(
  { path, name }: Pick<ModelDescription, "path" | "name">,
  cacheDir: string,
  options: WriteOptions = {},
): Promise<string> {
  const folder = join(cacheDir, "models");
  const readable = name.replace(/[^\w.-]+/g, "_").slice(0, 80);
  const converted = join(folder, `${readable}-v${CONVERTER_VERSION}-${await fingerprint(path)}.gguf`);
  if (await exists(converted)) return converted;
  await makeFolder(folder);
  await removeAbandoned(converted);
  await convertChatglm(path, converted, options);
  return converted;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const message = `cannot make the folder ${folder}. Set CORRAL_CACHE_DIR to a folder that may be written to.`;
    throw new CorralError("CORRAL_WRITE_FAILED", message, { cause, facts: { path: folder } });
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
