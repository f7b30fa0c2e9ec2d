import { FRONT_PLACES } from "./file-options.ts";
import { at, configSchema, propertiesOf, type Schema } from "./json-schema.ts";
import { dashed } from "./layer.ts";
import { type OptionRow, optionRow } from "./option-row.ts";

export interface ConfigFlag extends OptionRow {
  /** "drain-timeout". */
  readonly flag: string;
}

/** What all command lines show to those who look: not for secrets. */
const NO_FLAGS = ["apiKeys"];
/** The argument, and its other name. */
const ARGUMENT = ["source", "model"];
const MODEL = ["models", "*"];

/** Every option of a configuration file that a flag can say, with the words of the schema. */
export function configFlags(): { readonly front: readonly ConfigFlag[]; readonly model: readonly ConfigFlag[] } {
  const schema = configSchema();
  const front = [...FRONT_PLACES].filter(([option]) => !NO_FLAGS.includes(option));
  const models = Object.keys(propertiesOf(at(schema, MODEL))).filter((key) => !ARGUMENT.includes(key));
  return {
    front: front.map(([option, path]) => configFlag(option, at(schema, path))),
    model: models.filter((key) => !FRONT_PLACES.has(key)).map((key) => configFlag(key, at(schema, [...MODEL, key]))),
  };
}

function configFlag(option: string, schema: Schema): ConfigFlag {
  return { ...optionRow(option, schema), flag: dashed(option) };
}
