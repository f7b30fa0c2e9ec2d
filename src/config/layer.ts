import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { allowed, badValue } from "./resolve.ts";

/** Where a value came from; kept for each, so that a person can be told. */
export type Origin =
  | { readonly kind: "flag"; readonly name: string }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "file"; readonly name: string }
  | { readonly kind: "default" };

interface Setting {
  readonly value: unknown;
  readonly origin: Origin;
}

/** The settings of one source, by option. */
export type Layer = Readonly<Record<string, Setting>>;

type Shape = Readonly<Record<string, z.ZodType>>;

/** What flags say. Undefined ones were not given. */
export function flagLayer(shape: Shape, flags: Readonly<Record<string, unknown>>): Layer {
  return collect(shape, (key, schema) => {
    const given = flags[key === "source" ? "model" : key];
    if (given === undefined) return undefined;
    const name = key === "source" ? "MODEL" : `--${dashed(key)}`;
    return { value: checked(schema, "flag", name, key, given), origin: { kind: "flag", name } };
  });
}

/** What CORRAL_* variables say: drainTimeout is CORRAL_DRAIN_TIMEOUT. An empty one counts as not set. */
export function environmentLayer(shape: Shape, env: NodeJS.ProcessEnv): Layer {
  return collect(shape, (key, schema) => {
    const name = key === "source" ? "CORRAL_MODEL" : `CORRAL_${dashed(key).replaceAll("-", "_").toUpperCase()}`;
    const given = env[name];
    if (given === undefined || given === "") return undefined;
    return { value: checked(schema, "environment variable", name, key, given), origin: { kind: "environment", name } };
  });
}

/** One mapping of a file. `place` names it: "corral.yaml" or "corral.yaml: models.qwen". Its keys are known. */
export function fileLayer(
  shape: Shape,
  mapping: Readonly<Record<string, unknown>>,
  place: string,
  file: string,
): Layer {
  return collect(shape, (key, schema) => {
    if (mapping[key] === undefined) return undefined;
    const result = schema.safeParse(mapping[key]);
    if (!result.success) throw badValue(`${place}:`, key, mapping[key], describe(result.error));
    return { value: fromFile(key, mapping[key], file), origin: { kind: "file", name: `${place}: ${key}` } };
  });
}

/** Later layers win. */
export function merge(...layers: readonly Layer[]): Layer {
  return Object.assign({}, ...layers);
}

export function valuesOf(layer: Layer): Record<string, unknown> {
  return Object.fromEntries(Object.entries(layer).map(([key, { value }]) => [key, value]));
}

function collect(shape: Shape, read: (key: string, schema: z.ZodType) => Setting | undefined): Layer {
  const settings = Object.entries(shape).map(([key, schema]) => [key, read(key, schema)] as const);
  return Object.fromEntries(settings.filter((entry): entry is [string, Setting] => entry[1] !== undefined));
}

/**
 * A text becomes what its option takes: itself where texts are allowed, else the number or boolean that it spells, and
 * a list is split at commas.
 */
function checked(schema: z.ZodType, where: string, name: string, key: string, given: unknown): unknown {
  const candidates = typeof given === "string" ? readings(given) : [given];
  const results = candidates.map((candidate) => ({ candidate, ...schema.safeParse(candidate) }));
  const fitting = results.find(({ success }) => success);
  if (fitting !== undefined) return fitting.candidate;
  // The last reading is the most particular one: of "1.5" the number, not the text.
  const error = results.at(-1)?.error;
  throw badValue(
    where,
    key === "apiKeys" ? key : name,
    given,
    error === undefined ? "something else" : describe(error),
  );
}

function readings(text: string): unknown[] {
  const list = text.split(",").map((item) => item.trim());
  const spelt = text === "true" ? [true] : text === "false" ? [false] : /^-?[0-9.]+$/.test(text) ? [Number(text)] : [];
  return [text, list, ...spelt];
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? "something else" : allowed(issue);
}

/** Paths in a file are relative to it: a service started elsewhere means the same model. */
function fromFile(key: string, value: unknown, file: string): unknown {
  const isPath = key === "apiKeyFile" || (key === "source" && value !== "echo");
  return isPath && typeof value === "string" ? resolve(dirname(file), value) : value;
}

function dashed(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
