import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { CorralError } from "../errors.ts";
import { unknownKey } from "./resolve.ts";

/**
 * A configuration file, YAML or JSON: the gateway's options at the top, each model's under its name.
 *
 *     port: 8080
 *     models:
 *       qwen:
 *         model: ./qwen.gguf
 *         workers: 2
 */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly front: Mapping;
  readonly models: Readonly<Record<string, Mapping>>;
}

type Mapping = Readonly<Record<string, unknown>>;

/** Reads a file and checks its keys; the values are for others to check. @throws CorralError CORRAL_BAD_OPTION */
export async function readConfigFile(
  file: string,
  frontKeys: readonly string[],
  modelKeys: readonly string[],
): Promise<ConfigFile> {
  const path = resolve(file);
  const content = mapping(await parsed(path), path);
  const { models, ...front } = content;
  refuseUnknown(front, [...frontKeys, "models"], path);
  const named = Object.entries(mapping(models, `${path}: models`)).map(([name, options]) => {
    const place = `${path}: models.${name}`;
    const own = mapping(options, place);
    refuseUnknown(own, modelKeys, place);
    return [name, own];
  });
  return { path, front, models: Object.fromEntries(named) };
}

async function parsed(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw bad(`The configuration file ${path} can't be read. Check its path and owner.`, path, cause);
  }
  try {
    return parse(text, { prettyErrors: true });
  } catch (cause) {
    const place = cause instanceof YAMLParseError ? ` at line ${cause.linePos?.[0].line ?? "?"}` : "";
    throw bad(`The configuration file ${path} is neither YAML nor JSON${place}. Correct it there.`, path, cause);
  }
}

/** Nothing at all, as in an empty file or `models:` with nothing behind it, is an empty mapping. */
function mapping(value: unknown, place: string): Mapping {
  if (value === null || value === undefined) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Mapping;
  throw bad(`${place} must be a mapping of options to values.`, place);
}

function refuseUnknown(options: Mapping, known: readonly string[], place: string): void {
  const strange = Object.keys(options).find((key) => !known.includes(key));
  if (strange !== undefined) throw unknownKey(strange, known, `${place}:`);
}

function bad(message: string, place: string, cause?: unknown): CorralError {
  return new CorralError("CORRAL_BAD_OPTION", message, { cause, facts: { where: place } });
}
