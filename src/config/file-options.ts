import { z } from "zod";
import { corralOptions } from "./corral-options.ts";
import { gatewayOptions, listenAddresses } from "./gateway-options.ts";
import { modelOptions } from "./model-options.ts";
import type { Path } from "./places.ts";

// What a configuration file looks like, put together from the options that the code takes. The front is all of it but
// the models: the gateway's options and those of all models together.

const { listen, host, port, apiKeys, logLevel, logContent, ...gatewayLimits } = gatewayOptions.shape;

const top = {
  listen: listenAddresses.optional().describe(listen.description ?? ""),
  host,
  port,
  apiKeys,
  apiKeyFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "A file with one key a line; lines that start with # don't count. Added to `apiKeys`. It may start with `$CREDENTIALS_DIRECTORY/`, which systemd sets.",
    ),
};

const limits = { ...gatewayLimits, ...corralOptions.shape };

/** Options of the front as flags, variables and the library name them. */
export const frontShape = { ...top, ...limits, logLevel, logContent };

/** Where each of them stands in a file. */
export const FRONT_PLACES: ReadonlyMap<string, Path> = new Map<string, Path>([
  ...Object.keys(top).map((key) => [key, [key]] as const),
  ...Object.keys(limits).map((key) => [key, ["limits", key]] as const),
  ["logLevel", ["logging", "level"]],
  ["logContent", ["logging", "content"]],
]);

const fileModel = modelOptions.safeExtend({
  model: z.string().min(1).optional().describe("Another name of `source`."),
});

/** A mapping with nothing behind its colon is an empty one. */
export const fileOptions = z.strictObject({
  $schema: z.string().optional().describe("Where an editor finds the JSON Schema of this file."),
  ...top,
  limits: z.strictObject(limits).nullish().describe("Sizes and times that requests and models must keep to."),
  logging: z.strictObject({ level: logLevel, content: logContent }).nullish().describe("What is logged, on stderr."),
  include: z
    .union([z.string().min(1), z.array(z.string().min(1))])
    .optional()
    .describe(
      "More files of this shape, relative to this one; `*` stands for any part of a name. No key and no model may be there twice.",
    ),
  models: z
    .record(z.string().min(1), fileModel.nullish())
    .nullish()
    .describe("The models by name. Without any: the built-in echo model."),
});

export interface Group {
  /** "*" stands for a model's name. */
  readonly path: readonly string[];
  readonly where: string;
  readonly keys: readonly string[];
}

/** Which keys may stand where. */
export const GROUPS: readonly Group[] = [
  { path: [], where: "at the top of the file", keys: Object.keys(fileOptions.shape) },
  { path: ["limits"], where: "under limits", keys: Object.keys(limits) },
  { path: ["logging"], where: "under logging", keys: ["level", "content"] },
  { path: ["models", "*"], where: "under models.NAME", keys: Object.keys(fileModel.shape) },
];
