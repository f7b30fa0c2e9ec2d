import type { z } from "zod";
import { CorralError } from "../errors.ts";
import { type CorralOptions, corralOptions, type ResolvedCorralOptions } from "./corral-options.ts";
import { type GatewayOptions, gatewayOptions, type ResolvedGatewayOptions } from "./gateway-options.ts";
import { type ModelOptions, modelOptions, type ResolvedModelOptions } from "./model-options.ts";
import { nearest } from "./nearest.ts";
import { type PoolOptions, poolOptions, type ResolvedPoolOptions, type WithModel } from "./pool-options.ts";

// Each fills in the defaults. @throws CorralError CORRAL_BAD_OPTION that names the key, the value and what is allowed

export function resolvePoolOptions(input: PoolOptions): ResolvedPoolOptions {
  return resolve(poolOptions, withSource(input), "pool option");
}

/** @param name what clients call it where its options don't say */
export function resolveModelOptions(name: string, input: ModelOptions): ResolvedModelOptions {
  const options = resolve(modelOptions, withSource(input), `models.${name}: option`);
  return { ...options, name: options.name ?? name };
}

export function resolveCorralOptions(input: CorralOptions): ResolvedCorralOptions {
  return resolve(corralOptions, input, "option");
}

export function resolveGatewayOptions(input: GatewayOptions): ResolvedGatewayOptions {
  const { listen, ...options } = resolve(gatewayOptions, input, "gateway option");
  const { host, port } = options;
  return { ...options, listen: listen ?? [{ kind: "tcp", host, port }] };
}

/** @throws CorralError CORRAL_BAD_OPTION where both names of the source are used */
function withSource<T extends object>(input: WithModel<T>): Omit<T, "model"> {
  const { model, ...options } = input ?? {};
  if (model === undefined) return options;
  if (!("source" in options) || options.source === undefined) return { ...options, source: model };
  throw new CorralError(
    "CORRAL_BAD_OPTION",
    '"model" is another name of "source", and both are given. Leave one of them out.',
    { facts: { key: "model", value: model, source: options.source } },
  );
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
      if (issue.origin === "array") return `a list of at least ${issue.minimum}`;
      return issue.origin === "string" ? "not empty" : `${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    case "invalid_type":
      return issue.expected === "int"
        ? "a whole number"
        : `${/^[aeiou]/.test(issue.expected) ? "an" : "a"} ${issue.expected}`;
    // What one option asks of another names it as it is written.
    case "custom":
    // As the option's own schema words it.
    case "invalid_format":
      return issue.message;
    default:
      return issue.message.toLowerCase();
  }
}

function isSecret(key: string): boolean {
  return key === "apiKeys";
}
