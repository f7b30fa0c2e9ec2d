import { stringify } from "yaml";
import { FRONT_PLACES } from "./file-options.ts";
import type { Origin } from "./layer.ts";
import { listenText } from "./listen.ts";
import type { Config } from "./load.ts";
import { modelOptions } from "./model-options.ts";
import { keyText, type Path } from "./places.ts";

/** One option as it counts. */
export interface ConfigEntry {
  /** Where it stands in a file. */
  readonly path: Path;
  readonly value: unknown;
  /** Null for a default. */
  readonly origin: Origin | null;
}

/** All that a configuration says, in a file's order. Keys are there and not shown. */
export function configEntries(config: Config): ConfigEntry[] {
  const entry = (path: Path, value: unknown): ConfigEntry[] =>
    value === undefined ? [] : [{ path, value, origin: config.origins[keyText(path)] ?? null }];
  const front = frontValues(config);
  return [
    ...[...FRONT_PLACES].flatMap(([option, path]) => entry(path, front[option])),
    ...config.models.flatMap((model) =>
      Object.keys(modelOptions.shape).flatMap((key) =>
        entry(["models", model.name, key], (model as Readonly<Record<string, unknown>>)[key]),
      ),
    ),
  ];
}

function frontValues({ gateway, corral, apiKeyFile, origins }: Config): Readonly<Record<string, unknown>> {
  const { listen, host, port, apiKeys, ...others } = gateway;
  const address = origins.listen === undefined ? { host, port } : { listen: listen.map(listenText) };
  const hidden = { apiKeys: apiKeys.map(() => "(not shown)"), apiKeyFile: apiKeyFile ?? undefined };
  return { ...address, ...hidden, ...others, ...corral };
}

/** As a YAML file. @param comment what stands behind a value */
export function configText(entries: readonly ConfigEntry[], comment?: (entry: ConfigEntry) => string): string {
  const lines: string[] = [];
  let around: Path = [];
  for (const entry of entries) {
    const { path, value } = entry;
    const groups = path.slice(0, -1);
    for (const [depth, group] of groups.entries()) {
      const isOpen = groups.slice(0, depth + 1).every((key, index) => key === around[index]);
      if (!isOpen) lines.push(`${indent(depth)}${flow(group)}:`);
    }
    around = groups;
    const line = `${indent(groups.length)}${flow(path.at(-1))}: ${flow(value)}`;
    lines.push(comment === undefined ? line : `${line.padEnd(COMMENT_COLUMN)} # ${comment(entry)}`);
  }
  return lines.join("\n");
}

const COMMENT_COLUMN = 40;

function indent(depth: number): string {
  return "  ".repeat(depth);
}

function flow(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false }).trimEnd();
}

/** The same as nested objects. */
export function configTree(entries: readonly ConfigEntry[], leaf: (entry: ConfigEntry) => unknown): unknown {
  const tree: Record<string, unknown> = {};
  for (const entry of entries) {
    let inner = tree;
    for (const key of entry.path.slice(0, -1)) {
      inner[String(key)] ??= {};
      inner = inner[String(key)] as Record<string, unknown>;
    }
    inner[String(entry.path.at(-1))] = leaf(entry);
  }
  return tree;
}
