import type { z } from "zod";
import { CorralError } from "../errors.ts";
import { type GatewayOptions, gatewayOptions, type ResolvedGatewayOptions } from "./gateway-options.ts";
import { nearest } from "./nearest.ts";
import { type PoolOptions, poolOptions, type ResolvedPoolOptions } from "./pool-options.ts";

/** Fills in the defaults. @throws CorralError CORRAL_BAD_OPTION that names the key, the value and what is allowed */
export function resolvePoolOptions(input: PoolOptions): ResolvedPoolOptions {
  return resolve(poolOptions, input, "pool option");
}

/** Fills in the defaults. @throws CorralError CORRAL_BAD_OPTION that names the key, the value and what is allowed */
export function resolveGatewayOptions(input: GatewayOptions): ResolvedGatewayOptions {
  return resolve(gatewayOptions, input, "gateway option");
}

function resolve<T extends z.ZodObject>(schema: T, input: unknown, what: string): z.output<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === "unrecognized_keys") throw unknownKey(issue.keys[0] ?? "", Object.keys(schema.shape), what);
  const key = String(issue?.path[0] ?? "");
  const value = (input as Record<string, unknown> | undefined)?.[key];
  throw badValue(what, key, value, issue === undefined ? "" : allowed(issue));
}

/** @param where the option's kind or the file it stands in, for people */
export function badValue(where: string, key: string, value: unknown, expected: string): CorralError {
  const shown = isSecret(key) ? "(not shown)" : JSON.stringify(value);
  return new CorralError("CORRAL_BAD_OPTION", `${where} "${key}" is ${shown}. It must be ${expected}.`, {
    facts: isSecret(key) ? { where, key } : { where, key, value },
  });
}

export function unknownKey(key: string, known: readonly string[], where: string): CorralError {
  const guess = nearest(key, known);
  const next = guess === undefined ? `Known are: ${known.join(", ")}.` : `Did you mean "${guess}"?`;
  return new CorralError("CORRAL_BAD_OPTION", `${where} "${key}" is not known. ${next}`, {
    facts: { where, key, ...(guess === undefined ? {} : { guess }) },
  });
}

/** What a value may be, as the second half of "It must be ...". */
export function allowed(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_union":
      return [...new Set(issue.errors.flatMap((branch) => branch.map(allowed)))].join(" or ");
    case "invalid_value":
      return issue.values.map((value) => JSON.stringify(value)).join(" or ");
    case "too_small":
      return issue.origin === "string" ? "not empty" : `${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    case "invalid_type":
      return issue.expected === "int"
        ? "a whole number"
        : `${/^[aeiou]/.test(issue.expected) ? "an" : "a"} ${issue.expected}`;
    // What one option asks of another names it as it is written.
    case "custom":
      return issue.message;
    default:
      return issue.message.toLowerCase();
  }
}

function isSecret(key: string): boolean {
  return key === "apiKeys";
}
