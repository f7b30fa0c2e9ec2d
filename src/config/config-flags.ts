import type { z } from "zod";
import { FRONT_PLACES } from "./file-options.ts";
import { configSchema } from "./json-schema.ts";
import { dashed } from "./layer.ts";
import { type OptionRow, optionRow } from "./option-row.ts";

export interface ConfigFlag extends OptionRow {
  /** "drain-timeout". */
  readonly flag: string;
}

/** What all command lines show to those who look: not for secrets. */
const NO_FLAGS = ["apiKeys"];
/** The argument, and its other name. */
const ARGUMENT = ["source", "model"];

/** Every option of a configuration file that a flag can say, with the words of the schema. */
export function configFlags(): { readonly front: readonly ConfigFlag[]; readonly model: readonly ConfigFlag[] } {
  const schema = configSchema();
  const front = [...FRONT_PLACES].filter(([option]) => !NO_FLAGS.includes(option));
  const models = Object.keys(propertiesOf(at(schema, MODEL))).filter((key) => !ARGUMENT.includes(key));
  return {
    front: front.map(([option, path]) => configFlag(option, at(schema, path))),
    model: models.filter((key) => !FRONT_PLACES.has(key)).map((key) => configFlag(key, at(schema, [...MODEL, key]))),
  };
}

type Schema = z.core.JSONSchema.BaseSchema;

/** "*" is any name. */
export const MODEL = ["models", "*"] as const;

/** The schema of what stands there in a file. */
export function at(schema: Schema, path: readonly PropertyKey[]): Schema {
  return path.reduce<Schema>((inner, key) => propertiesOf(inner)[String(key)] ?? {}, schema);
}

export function propertiesOf(schema: Schema): Readonly<Record<string, Schema>> {
  const mapping = [schema, ...(schema.anyOf ?? [])].find(
    (each): each is Schema => typeof each === "object" && each.type === "object",
  );
  const { properties = {}, additionalProperties } = mapping ?? {};
  return (additionalProperties ? { "*": additionalProperties } : properties) as Record<string, Schema>;
}

function configFlag(option: string, schema: Schema): ConfigFlag {
  return { ...optionRow(option, schema), flag: dashed(option) };
}
