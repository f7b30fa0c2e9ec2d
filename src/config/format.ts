import { extname } from "node:path";
import type { Content } from "./content.ts";
import { readToml } from "./toml.ts";
import { readYaml } from "./yaml.ts";

interface Format {
  readonly name: string;
  readonly read: (text: string) => Content;
}

const FORMATS: Readonly<Record<string, Format>> = {
  ".yaml": { name: "YAML", read: readYaml },
  ".yml": { name: "YAML", read: readYaml },
  ".json": { name: "JSON", read: readYaml },
  ".toml": { name: "TOML", read: readToml },
};

/** By a file's ending. */
export function formatOf(file: string): Format | undefined {
  return FORMATS[extname(file)];
}

export const ENDINGS: readonly string[] = Object.keys(FORMATS);
