import type { z } from "zod";
import type { Schema } from "./json-schema.ts";

/** An option for people: a row of a table, a line of a help. */
export interface OptionRow {
  readonly name: string;
  /** "number or auto", "milliseconds", "list of texts". */
  readonly takes: string;
  /** As it is written; undefined where there is none. */
  readonly otherwise: string | undefined;
  readonly description: string;
}

export function optionRow(name: string, schema: Schema): OptionRow {
  const { default: otherwise, description = "" } = schema;
  return { name, takes: takenBy(schema), otherwise: defaultText(otherwise), description };
}

function defaultText(value: unknown): string | undefined {
  if (Array.isArray(value) && value.length === 0) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function takenBy({ title, const: only, enum: values, anyOf, type, items }: Schema): string {
  if (title !== undefined) return title;
  if (only !== undefined) return String(only);
  if (values !== undefined) return values.join(", ");
  if (anyOf !== undefined) return [...new Set(alternatives(anyOf))].join(" or ");
  if (type === "array") return `list of ${plural(takenBy(items as Schema))}`;
  if (type === "boolean") return "true or false";
  return type === "string" ? "text" : "number";
}

function alternatives(schemas: readonly z.core.JSONSchema._JSONSchema[]): string[] {
  return schemas.filter((schema) => typeof schema === "object").map(takenBy);
}

function plural(words: string): string {
  return words
    .split(" or ")
    .map((word) => `${word}${word.endsWith("s") ? "es" : "s"}`)
    .join(" or ");
}
