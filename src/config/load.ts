import { readFile } from "node:fs/promises";
import { resolve as resolvePath } from "node:path";
import { z } from "zod";
import { CorralError } from "../errors.ts";
import { readConfigFile } from "./file.ts";
import { gatewayOptions, type ResolvedGatewayOptions } from "./gateway-options.ts";
import { environmentLayer, fileLayer, flagLayer, type Layer, merge, type Origin, valuesOf } from "./layer.ts";
import { poolOptions, type ResolvedPoolOptions } from "./pool-options.ts";
import { resolveGatewayOptions, resolvePoolOptions } from "./resolve.ts";

/** What may be asked for at the top of a file, by flags and by variables, beside a model's own options. */
const frontShape = {
  ...gatewayOptions.shape,
  /** A file with one key a line; lines that start with # don't count. Added to `apiKeys`. */
  apiKeyFile: z.string().min(1),
};
const modelShape = poolOptions.shape;

export interface ConfigSources {
  /** By option, in camel case, as a command line parser gives them; texts are read as what the option takes. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Default process.env. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default $CORRAL_CONFIG; none if that is not set. */
  readonly file?: string | undefined;
}

export interface Config {
  readonly gateway: ResolvedGatewayOptions;
  /** One for each model, each with its name. */
  readonly pools: readonly ResolvedPoolOptions[];
  /** By "port" or "models.NAME.workers"; what is not there is a default. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** Where keys of `gateway.apiKeys` came from: a service gets it as a credential. */
  readonly apiKeyFile: string | null;
}

/**
 * Puts an instance's configuration together: flag > environment > file > default, option by option.
 * @throws CorralError CORRAL_BAD_OPTION that names the source, the key, the value and what is allowed
 */
export async function loadConfig({ flags = {}, env = process.env, file }: ConfigSources = {}): Promise<Config> {
  const path = file ?? (env.CORRAL_CONFIG || undefined);
  const content =
    path === undefined
      ? null
      : await readConfigFile(path, Object.keys(frontShape), [...Object.keys(modelShape), "model"]);

  const front = merge(
    content === null ? {} : fileLayer(frontShape, content.front, content.path, content.path),
    environmentLayer(frontShape, env),
    flagLayer(frontShape, flags),
  );
  const direct = merge(environmentLayer(modelShape, env), flagLayer(modelShape, flags));
  const models = Object.entries(content?.models ?? {}).map(([name, mapping]) => ({
    name,
    layer: fileLayer(modelShape, sourceNamed(mapping), `${content?.path}: models.${name}`, content?.path ?? ""),
  }));
  if (models.length > 1) refuseAmbiguous(direct, models.length);

  const named = models.length > 0 ? models : [{ name: undefined, layer: {} }];
  const layers = named.map(({ name, layer }) => ({ name, layer: merge(layer, direct) }));
  const pools = layers.map(({ name, layer }) =>
    resolvePoolOptions({ ...(name === undefined ? {} : { name }), ...valuesOf(layer) }),
  );
  refuseSameNames(pools);
  return {
    gateway: await frontOptions(front),
    apiKeyFile: front.apiKeyFile === undefined ? null : resolvePath(String(front.apiKeyFile.value)),
    pools,
    origins: Object.fromEntries([
      ...origins("", front),
      ...layers.flatMap(({ name, layer }, index) => origins(`models.${name ?? pools[index]?.name ?? ""}.`, layer)),
    ]),
  };
}

/** `model` is another name of `source`. */
function sourceNamed({ model, ...options }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return model === undefined ? options : { ...options, source: model };
}

async function frontOptions(front: Layer): Promise<ResolvedGatewayOptions> {
  const { apiKeyFile, ...rest } = front;
  const options = resolveGatewayOptions(valuesOf(rest));
  if (apiKeyFile === undefined) return options;
  return { ...options, apiKeys: [...options.apiKeys, ...(await readKeys(String(apiKeyFile.value)))] };
}

/** @throws CorralError where the file holds no key: a gateway meant to be locked must not stand open */
async function readKeys(path: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new CorralError("CORRAL_BAD_OPTION", `The API key file ${path} can't be read. Check its path and owner.`, {
      cause,
      facts: { key: "apiKeyFile", path },
    });
  }
  const keys = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length > 0) return keys;
  throw new CorralError("CORRAL_BAD_OPTION", `The API key file ${path} holds no key. Write one key a line.`, {
    facts: { key: "apiKeyFile", path },
  });
}

function refuseAmbiguous(direct: Layer, models: number): void {
  const [first] = Object.values(direct);
  if (first === undefined || first.origin.kind === "default") return;
  throw new CorralError(
    "CORRAL_BAD_OPTION",
    `${first.origin.name} is about one model, and the file names ${models}. Set it in the file, under models.NAME.`,
    { facts: { name: first.origin.name, models } },
  );
}

function refuseSameNames(pools: readonly ResolvedPoolOptions[]): void {
  const names = pools.flatMap(({ name }) => name ?? []);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new CorralError("CORRAL_BAD_OPTION", `Two models are named "${twice}". Give each a name of its own.`, {
    facts: { key: "name", value: twice },
  });
}

function origins(prefix: string, layer: Layer): [string, Origin][] {
  return Object.entries(layer).map(([key, { origin }]) => [`${prefix}${key}`, origin]);
}
