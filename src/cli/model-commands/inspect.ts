import { Command } from "commander";
import { inspectModel, type ModelInspection } from "../../index.ts";
import { formatBytes } from "../terminal/bytes.ts";
import { coloursFor } from "../terminal/colour.ts";
import { table } from "../terminal/table.ts";

export function inspectCommand(): Command {
  return new Command("inspect")
    .description(
      "print what the header of a GGUF file or a .bin file of chatglm.cpp says; of a split model, name any part",
    )
    .argument("<file>", "the model")
    .option("--json", "print all of it as JSON, but for long arrays")
    .action(async (file: string, { json = false }: { json?: boolean }) => {
      const model = await inspectModel(file);
      process.stdout.write(`${json ? JSON.stringify(model, null, 2) : inspectionText(model)}\n`);
    });
}

/** Lines of the chat template that are shown, and characters of each. */
const TEMPLATE_LINES = 4;
const TEMPLATE_WIDTH = 96;

function inspectionText(model: ModelInspection): string {
  const { bold, dim } = coloursFor(process.stdout);
  const size = model.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const files = model.files.length > 1 ? ` in ${model.files.length} files` : "";
  const title = model.metadata["general.name"] ?? model.metadata.title;
  const rows: [string, string][] = [
    ["name", bold(printable(model.name))],
    ["title", typeof title === "string" ? printable(title) : "none"],
    ["architecture", model.architecture],
    ["purpose", model.purpose],
    ["parameters", formatCount(model.parameters)],
    ["quantisation", model.quantisation],
    ["size", `${formatBytes(size)}${files}`],
    ["context", model.contextLength === null ? "not said" : `${model.contextLength} tokens`],
    ["vocabulary", `${model.vocabulary} tokens`],
    ["layers", String(model.layers)],
    ["embedding", String(model.embeddingLength)],
    ["heads", `${model.heads} of ${model.headDim}, ${model.kvHeads} for keys and values`],
    ...Object.entries(model.tensorBytes).map(([type, bytes], index): [string, string] => [
      index === 0 ? "tensors" : "",
      `${type.padEnd(8)}${formatBytes(bytes)}`,
    ]),
    ["format", formatText(model)],
    ...templateLines(model).map((line, index): [string, string] => [index === 0 ? "chat template" : "", dim(line)]),
  ];
  return table([{ title: "" }, { title: "" }], rows);
}

function formatText({ format, formatVersion, metadata }: ModelInspection): string {
  if (format === "gguf") return `GGUF v${formatVersion}`;
  return `chatglm.cpp v${formatVersion}, type ${metadata.type} (${metadata.title})`;
}

function templateLines({ chatTemplate: template, format }: ModelInspection): string[] {
  if (template === null) return [format === "chatglm" ? "the engine's own for this type" : "none"];
  const lines = template.split("\n").map(printable);
  const shown = lines
    .slice(0, TEMPLATE_LINES)
    .map((line) => (line.length > TEMPLATE_WIDTH ? `${line.slice(0, TEMPLATE_WIDTH)}...` : line));
  const left = lines.length - shown.length;
  return left > 0 ? [...shown, `(${left} more lines)`] : shown;
}

/** A file's text must not move the cursor, or worse. */
const printable = (text: string): string => text.replace(/\p{Control}/gu, "\ufffd");

/** "494 million", "7.6 billion". */
function formatCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} billion`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} million`;
  return String(count);
}
