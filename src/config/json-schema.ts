import { z } from "zod";
import { fileOptions } from "./file-options.ts";

export type Schema = z.core.JSONSchema.BaseSchema;

/** What a configuration file may hold, as JSON Schema (draft 7, which editors know best). */
export function configSchema(): Schema {
  const schema = z.toJSONSchema(fileOptions, {
    target: "draft-07",
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === "nullable") foldNull(jsonSchema);
      // What every whole number of JavaScript keeps to is news to nobody.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return { ...schema, title: "Configuration of corral" };
}

/** "This or nothing" in one schema: editors tell what is wrong within it, where a choice of two is only "neither". */
function foldNull(schema: Schema): void {
  const inner = schema.anyOf?.[0];
  if (typeof inner !== "object") return;
  delete schema.anyOf;
  Object.assign(schema, inner, { type: [inner.type, "null"] });
}

/** The schema of what stands there in a file; "*" is any name. */
export function at(schema: Schema, path: readonly PropertyKey[]): Schema {
  return path.reduce<Schema>((inner, key) => propertiesOf(inner)[String(key)] ?? {}, schema);
}

/** Of a mapping its keys; none of all else. */
export function propertiesOf({ properties = {}, additionalProperties }: Schema): Readonly<Record<string, Schema>> {
  return (additionalProperties ? { "*": additionalProperties } : properties) as Record<string, Schema>;
}
