import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { CorralError } from "../errors.ts";
import { modelName } from "../model-name.ts";
import { corralOptions, type ResolvedCorralOptions } from "./corral-options.ts";
import { FRONT_PLACES, frontShape } from "./file-options.ts";
import { type FileSettings, NO_FILES, readFiles } from "./files.ts";
import type { ResolvedGatewayOptions } from "./gateway-options.ts";
import { CREDENTIALS, readKeyFile } from "./key-file.ts";
import { environmentLayer, flagLayer, type Layer, merge, type Origin, valuesOf, withOneAddress } from "./layer.ts";
import { modelOptions, type ResolvedModelOptions } from "./model-options.ts";
import { keyText } from "./places.ts";
import { configError, type Problem, problemAt } from "./problem.ts";
import { resolveCorralOptions, resolveGatewayOptions, resolveModelOptions } from "./resolve.ts";

export interface ConfigSources {
  /** By option, in camel case, as a command line parser gives them; texts are read as what the option takes. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Default process.env. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default $CORRAL_CONFIG. */
  readonly file?: string | undefined;
  /** The first of these that exists is read where neither a file nor a model is named. Default none. */
  readonly places?: readonly string[];
}

export interface Config {
  readonly gateway: ResolvedGatewayOptions;
  readonly corral: ResolvedCorralOptions;
  readonly models: readonly ResolvedModelOptions[];
  /** By the key's path in a file, "limits.bodyLimit" or "models.NAME.workers"; what is not there is a default. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** All that were read, absolute: the file, and those that it includes. */
  readonly files: readonly string[];
  /** Absolute, or in `$CREDENTIALS_DIRECTORY/`, for those who hand it on; its keys are in `gateway`. */
  readonly apiKeyFile: string | null;
}

/**
 * Puts an instance's configuration together: flag > environment > file > default, option by option.
 * @throws CorralError CORRAL_BAD_OPTION that names the source, the key, the value and what is allowed; of a file all
 * that is wrong, each with its line
 */
export async function loadConfig({ flags = {}, env = process.env, ...from }: ConfigSources = {}): Promise<Config> {
  const own = merge(environmentLayer(modelOptions.shape, env), flagLayer(modelOptions.shape, flags));
  const file =
    from.file ?? (env.CORRAL_CONFIG || undefined) ?? (own.source ? undefined : await firstThere(from.places));
  const settings = file === undefined ? NO_FILES : await readFiles(file);
  const front = withOneAddress(merge(settings.front, environmentLayer(frontShape, env), flagLayer(frontShape, flags)));
  const models = modelsFrom(settings, own);
  refuseSameNames(models);
  return {
    ...(await frontOptions(front, env)),
    models: models.map(({ options }) => options),
    origins: Object.fromEntries([
      ...Object.entries(front).map(([option, { origin }]) => [keyText(FRONT_PLACES.get(option) ?? [option]), origin]),
      ...models.flatMap(({ options, layer }) =>
        Object.entries(layer).map(([key, { origin }]) => [keyText(["models", options.name, key]), origin]),
      ),
    ]),
    files: settings.files,
  };
}

/** Where `corral serve` looks for a file when it is told neither a file nor a model. */
export function usualConfigFiles({ XDG_CONFIG_HOME, HOME }: NodeJS.ProcessEnv): string[] {
  const own = XDG_CONFIG_HOME || (HOME ? `${HOME}/.config` : undefined);
  return [...(own === undefined ? [] : [`${own}/corral/corral.yaml`]), "/etc/corral/corral.yaml"];
}

async function firstThere(places: readonly string[] = []): Promise<string | undefined> {
  for (const place of places) {
    const isThere = await access(place).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code !== "ENOENT" && error.code !== "ENOTDIR",
    );
    if (isThere) return place;
  }
  return undefined;
}

interface Model {
  /** What it is called in its file. */
  readonly key: string;
  readonly options: ResolvedModelOptions;
  readonly layer: Layer;
  /** Where it begins; null where no file has it. */
  readonly origin: Origin | null;
}

/** @param own what flags and variables say of models */
function modelsFrom({ models }: FileSettings, own: Layer): Model[] {
  if (models.size === 0) {
    const options = resolveModelOptions(modelName(String(own.source?.value ?? DEFAULT_SOURCE)), valuesOf(own));
    return [{ key: options.name, options, layer: own, origin: null }];
  }
  if (models.size > 1) refuseAmbiguous(own, models.size);
  return [...models].map(([name, { layer: inFile, file, place }]) => {
    const layer = merge(inFile, own);
    const origin = { kind: "file", name: file, line: place?.line ?? null, column: place?.column ?? null } as const;
    return { key: name, options: resolveModelOptions(name, valuesOf(layer)), layer, origin };
  });
}

const DEFAULT_SOURCE = modelOptions.shape.source.parse(undefined);

/** Of several models a flag can't mean one; what is the front's option, too, is meant for all. */
function refuseAmbiguous(own: Layer, models: number): void {
  const first = Object.entries(own).find(([key]) => !(key in frontShape))?.[1].origin;
  if (first === undefined) return;
  throw new CorralError(
    "CORRAL_BAD_OPTION",
    `${first.name} is about one model, and the file names ${models}. Set it in the file, under models.NAME.`,
    { facts: { name: first.name, models } },
  );
}

/** Names and aliases are one space: a request says one of them. */
function refuseSameNames(models: readonly Model[]): void {
  const owners = new Map<string, string>();
  const problems = models.flatMap(({ key: model, options, origin, layer }) =>
    [options.name, ...options.aliases].flatMap((name, index): Problem[] => {
      const owner = owners.get(name);
      owners.set(name, owner ?? options.name);
      if (owner === undefined) return [];
      const key = keyText(["models", model, ...(index === 0 ? ["name"] : ["aliases", index - 1])]);
      const place = (index === 0 ? layer.name : layer.aliases)?.origin ?? origin;
      const message = `"${key}" is ${JSON.stringify(name)}, which model ${JSON.stringify(owner)} is called. Give each a name of its own.`;
      return [problemAt(place, key, message)];
    }),
  );
  if (problems.length > 0) throw configError(problems);
}

async function frontOptions(
  { apiKeyFile, ...front }: Layer,
  env: NodeJS.ProcessEnv,
): Promise<Pick<Config, "gateway" | "corral" | "apiKeyFile">> {
  const values = Object.entries(valuesOf(front));
  const isCorrals = ([key]: readonly [string, unknown]): boolean => key in corralOptions.shape;
  const gateway = resolveGatewayOptions(Object.fromEntries(values.filter((entry) => !isCorrals(entry))));
  const corral = resolveCorralOptions(Object.fromEntries(values.filter(isCorrals)));
  if (apiKeyFile === undefined) return { gateway, corral, apiKeyFile: null };
  const given = String(apiKeyFile.value);
  const file = await readKeyFile(given, env);
  if (file.kind === "problem") throw configError([problemAt(apiKeyFile.origin, "apiKeyFile", file.message)]);
  return { gateway: { ...gateway, apiKeys: [...gateway.apiKeys, ...file.keys] }, corral, apiKeyFile: absolute(given) };
}

function absolute(path: string): string {
  return path.startsWith(CREDENTIALS) ? path : resolve(path);
}
