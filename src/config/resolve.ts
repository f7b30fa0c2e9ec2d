import type { z } from "zod";
import { CorralError } from "../errors.ts";
import { type Complaint, complaintError, complaintsOf } from "./complaint.ts";
import { type CorralOptions, corralOptions, type ResolvedCorralOptions } from "./corral-options.ts";
import { type GatewayOptions, gatewayOptions, type ResolvedGatewayOptions } from "./gateway-options.ts";
import { type ModelOptions, modelOptions, type ResolvedModelOptions } from "./model-options.ts";
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
  const [first = UNSAID] = complaintsOf(result.error);
  throw complaintError(first, input, Object.keys(schema.shape), what);
}

/** Against a schema that refuses without a reason: there is none such. */
const UNSAID: Complaint = { kind: "value", path: [], expected: "something else" };
