import { z } from "zod";
import { fileOptions } from "./file-options.ts";

export type Schema = z.core.JSONSchema.BaseSchema;

/** What a configuration file may hold, as JSON Schema (draft 7, which editors know best). */
export function configSchema(): Schema {
  const schema = z.toJSONSchema(fileOptions, {
    target: "draft-07",
    io: "input",
    override: ({ jsonSchema }) => {
      // What every whole number of JavaScript keeps to is news to nobody.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return { ...schema, title: "Configuration of corral" };
}

/** The schema of what stands there in a file; "*" is any name. */
export function at(schema: Schema, path: readonly PropertyKey[]): Schema {
  return path.reduce<Schema>((inner, key) => propertiesOf(inner)[String(key)] ?? {}, schema);
}

/** Of a mapping its keys; none of all else. */
export function propertiesOf(schema: Schema): Readonly<Record<string, Schema>> {
  const mapping = [schema, ...(schema.anyOf ?? [])].find(
    (each): each is Schema => typeof each === "object" && each.type === "object",
  );
  const { properties = {}, additionalProperties } = mapping ?? {};
  return (additionalProperties ? { "*": additionalProperties } : properties) as Record<string, Schema>;
}
