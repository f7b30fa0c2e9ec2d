import { z } from "zod";
import { fileOptions } from "./file-options.ts";

/** What a configuration file may hold, as JSON Schema (draft 7, which editors know best). */
export function configSchema(): z.core.JSONSchema.BaseSchema {
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
