import { type Command, Option } from "commander";
import { type ConfigFlag, configFlags } from "../index.ts";

/** All that a configuration file can say of one model, as flags: with the words, the values and the defaults of its schema. */
export function addConfigFlags(command: Command): Command {
  const { front, model } = configFlags();
  command
    .argument("[model]", 'a GGUF file, a .bin file of chatglm.cpp, or "echo" (default)')
    .option("--config <file>", "read options from this file, too ($CORRAL_CONFIG)")
    .optionsGroup("The HTTP front and all models together:");
  for (const flag of front) command.addOption(optionOf(flag));
  command.optionsGroup("The model:");
  for (const flag of model) command.addOption(optionOf(flag));
  return command.optionsGroup("Others:");
}

function optionOf({ flag, takes, otherwise, description }: ConfigFlag): Option {
  if (takes === "true or false" && otherwise === "false") return new Option(`--${flag}`, description);
  const kind = PLACEHOLDERS[takes];
  const facts = [kind === undefined ? takes : "", otherwise === undefined ? "" : `default: ${otherwise}`];
  const inBrackets = facts.filter((fact) => fact !== "").join("; ");
  const shown = inBrackets === "" ? description : `${description} (${inBrackets})`;
  const option = new Option(`--${flag} <${kind ?? "value"}>`, shown);
  // May be given several times, and holds several each time: they are split where the values are read.
  return takes.includes("list") ? option.argParser(joined) : option;
}

/** For what goes without saying. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  "number or auto": "n",
  number: "n",
  milliseconds: "ms",
  bytes: "bytes",
  "bytes or auto": "bytes",
  text: "text",
  "list of texts": "list",
  "address or list of addresses": "address",
};

function joined(value: string, before: string | undefined): string {
  return before === undefined ? value : `${before},${value}`;
}
