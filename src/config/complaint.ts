import type { z } from "zod";
import { CorralError } from "../errors.ts";
import { nearest } from "./nearest.ts";
import { keyText, type Path } from "./places.ts";

/** What a schema says against one value. */
export type Complaint =
  | { readonly kind: "unknown"; readonly path: Path }
  /** `expected` is the second half of "It must be ...". */
  | { readonly kind: "value"; readonly path: Path; readonly expected: string };

export function complaintsOf(error: z.ZodError): Complaint[] {
  return error.issues.flatMap((issue) => complaintsIn(issue, []));
}

function complaintsIn(issue: z.core.$ZodIssue, around: Path): Complaint[] {
  const path = [...around, ...issue.path];
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => ({ kind: "unknown", path: [...path, key] }));
  // Of several forms the one is meant whose inner parts could be looked at.
  const meant = issue.code === "invalid_union" ? issue.errors.find((branch) => branch.every(isInside)) : undefined;
  if (meant !== undefined && meant.length > 0) return meant.flatMap((inner) => complaintsIn(inner, path));
  return [{ kind: "value", path, expected: allowed(issue) }];
}

function isInside({ path }: z.core.$ZodIssue): boolean {
  return path.length > 0;
}

/** What a value may be, as the second half of "It must be ...". */
function allowed(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_union":
      return [...new Set(issue.errors.flatMap((branch) => branch.map(allowed)))].join(" or ");
    case "invalid_value":
      return issue.values.map((value) => JSON.stringify(value)).join(" or ");
    case "too_small":
      if (issue.origin === "array") return `a list of at least ${issue.minimum}`;
      return issue.origin === "string" ? "not empty" : `${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    case "invalid_type":
      return TYPES[issue.expected] ?? `${/^[aeiou]/.test(issue.expected) ? "an" : "a"} ${issue.expected}`;
    // What one option asks of another names it as it is written; a format is in its option's own words.
    case "custom":
    case "invalid_format":
      return issue.message;
    default:
      return issue.message.toLowerCase();
  }
}

const TYPES: Readonly<Record<string, string>> = {
  int: "a whole number",
  string: "a text",
  boolean: "true or false",
  array: "a list",
  object: "a mapping of options to values",
  record: "a mapping of names to options",
};

/** @param where the option's kind, for people */
export function complaintError(
  complaint: Complaint,
  input: unknown,
  known: readonly string[],
  where: string,
): CorralError {
  const { path } = complaint;
  if (complaint.kind === "value") return badValue(where, path, valueAt(input, path), complaint.expected);
  const key = keyText(path);
  const guess = nearest(key, known);
  const next = guess === undefined ? `Known are: ${known.join(", ")}.` : `Did you mean "${guess}"?`;
  return new CorralError("CORRAL_BAD_OPTION", `${where} "${key}" is not known. ${next}`, {
    facts: { where, key, ...(guess === undefined ? {} : { guess }) },
  });
}

/** @param path the key as the person knows it: a flag's or variable's name, too */
export function badValue(where: string, path: Path, value: unknown, expected: string): CorralError {
  const key = keyText(path);
  const shown = isSecret(path) ? {} : { value };
  return new CorralError("CORRAL_BAD_OPTION", `${where} ${valueText(path, value, expected)}`, {
    facts: { where, key, ...shown },
  });
}

/** '"port" is 70000. It must be at most 65535.' */
export function valueText(path: Path, value: unknown, expected: string): string {
  return `"${keyText(path)}" is ${isSecret(path) ? "(not shown)" : shortened(value)}. It must be ${expected}.`;
}

export function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key], input);
}

const LONGEST = 80;

function shortened(value: unknown): string {
  const text = JSON.stringify(value) ?? "not given";
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}

function isSecret(path: Path): boolean {
  return path[0] === "apiKeys" || path[0] === "CORRAL_API_KEYS" || path[0] === "--api-keys";
}
