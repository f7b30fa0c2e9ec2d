import type { z } from "zod";
import { badValue, type Complaint, complaintsOf } from "./complaint.ts";

/** Where a value came from; kept for each, so that a person can be told. */
export type Origin =
  | { readonly kind: "flag"; readonly name: string }
  | { readonly kind: "environment"; readonly name: string }
  /** `name` is its absolute path; the line is null where it can't be told. */
  | { readonly kind: "file"; readonly name: string; readonly line: number | null; readonly column: number | null };

export interface Setting {
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
    return { value: checked(schema, "flag", name, given), origin: { kind: "flag", name } };
  });
}

/** What CORRAL_* variables say: drainTimeout is CORRAL_DRAIN_TIMEOUT. An empty one counts as not set. */
export function environmentLayer(shape: Shape, env: NodeJS.ProcessEnv): Layer {
  return collect(shape, (key, schema) => {
    const name = key === "source" ? "CORRAL_MODEL" : `CORRAL_${dashed(key).replaceAll("-", "_").toUpperCase()}`;
    const given = env[name];
    if (given === undefined || given === "") return undefined;
    return { value: checked(schema, "environment variable", name, given), origin: { kind: "environment", name } };
  });
}

/** Later layers win. */
export function merge(...layers: readonly Layer[]): Layer {
  return Object.assign({}, ...layers);
}

export function valuesOf(layer: Layer): Record<string, unknown> {
  return Object.fromEntries(Object.entries(layer).map(([key, { value }]) => [key, value]));
}

const STRENGTH = { file: 1, environment: 2, flag: 3 } as const;

/** `host` and `port` are another way to say `listen`: the one from the stronger source counts, `listen` where both are. */
export function withOneAddress(front: Layer): Layer {
  const { listen, host, port, ...rest } = front;
  if (listen === undefined) return front;
  const strength = (setting?: Setting): number => (setting === undefined ? 0 : STRENGTH[setting.origin.kind]);
  if (Math.max(strength(host), strength(port)) <= strength(listen)) return { ...rest, listen };
  return { ...rest, ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
}

function collect(shape: Shape, read: (key: string, schema: z.ZodType) => Setting | undefined): Layer {
  const settings = Object.entries(shape).map(([key, schema]) => [key, read(key, schema)] as const);
  return Object.fromEntries(settings.filter((entry): entry is [string, Setting] => entry[1] !== undefined));
}

/**
 * A text becomes what its option takes: itself where texts are allowed, else the number or boolean that it spells, and
 * a list is split at commas.
 */
function checked(schema: z.ZodType, where: string, name: string, given: unknown): unknown {
  const candidates = typeof given === "string" ? readings(given) : [given];
  const results = candidates.map((candidate) => ({ candidate, ...schema.safeParse(candidate) }));
  const fitting = results.find(({ success }) => success);
  if (fitting !== undefined) return fitting.candidate;
  // The last reading is the most particular one: of "1.5" the number, not the text.
  const error = results.at(-1)?.error;
  const complaint: Complaint | undefined = error && complaintsOf(error)[0];
  throw badValue(where, [name], given, complaint?.kind === "value" ? complaint.expected : "something else");
}

function readings(text: string): unknown[] {
  const list = text.split(",").map((item) => item.trim());
  const spelt = text === "true" ? [true] : text === "false" ? [false] : /^-?[0-9.]+$/.test(text) ? [Number(text)] : [];
  return [text, list, ...spelt];
}

/** drainTimeout is drain-timeout. */
export function dashed(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
