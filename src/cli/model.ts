import { SingleBar } from "cli-progress";
import { Command, InvalidArgumentError } from "commander";
import {
  type EchoOptions,
  inspectModel,
  MODEL_PRESETS,
  type ModelInspection,
  type RandomOptions,
  type WriteOptions,
  writeEchoModel,
  writeRandomModel,
} from "../index.ts";
import { formatBytes } from "./terminal/bytes.ts";
import { coloursFor } from "./terminal/colour.ts";
import { table } from "./terminal/table.ts";

const EXAMPLES = `
Examples:
  corral model inspect ./qwen2.5-7b-q4_k_m.gguf
  corral model inspect ./big-00001-of-00003.gguf --json
  corral model make echo --out echo.gguf
  corral model make random --preset qwen2.5-0.5b --type q4_0 --out random.gguf`;

export function modelCommand(): Command {
  return new Command("model")
    .description("say what a model file holds, or make a model for tests and benchmarks")
    .addCommand(inspectCommand())
    .addCommand(new Command("make").description("make a model").addCommand(echoCommand()).addCommand(randomCommand()))
    .addHelpText("after", EXAMPLES);
}

function inspectCommand(): Command {
  return new Command("inspect")
    .description("print what the header of a GGUF file says; of a split model, name any part")
    .argument("<file>", "the model")
    .option("--json", "print all of it as JSON, but for long arrays")
    .action(async (file: string, { json = false }: { json?: boolean }) => {
      const model = await inspectModel(file);
      process.stdout.write(`${json ? JSON.stringify(model, null, 2) : inspectionText(model)}\n`);
    });
}

function echoCommand(): Command {
  return new Command("echo")
    .description("a model that repeats the last user message word for word (18 MB)")
    .requiredOption("--out <file>", "where to write it; what is there is replaced")
    .option("--type <type>", "of its weights: f16, f32 or q8_0", "f16")
    .option(
      "--loud [times]",
      "make its attention scores 5 times as large, or 1 to 5: tells unsafe arithmetic",
      positive,
    )
    .action(async ({ out, type, loud }: { out: string; type: EchoOptions["type"]; loud?: number | true }) => {
      await showWriting(out, (options) => writeEchoModel(out, { ...options, type, loud: loud === true ? 5 : loud }));
    });
}

function randomCommand(): Command {
  return new Command("random")
    .description("a model with random weights: as large and as fast as a real one, and saying nothing")
    .requiredOption("--out <file>", "where to write it; what is there is replaced")
    .option("--preset <name>", `its shape: ${Object.keys(MODEL_PRESETS).join(", ")}`, "qwen2.5-0.5b")
    .option("--type <type>", "of its weights: q4_0, q4_k, q8_0, f16 or f32", "q4_0")
    .option("--vocab <file>", "a GGUF file to take the tokenizer from (default: a token a byte)")
    .option("--seed <number>", "another seed makes other weights", wholeNumber, 0)
    .action(async ({ out, vocab, ...given }: Pick<RandomOptions, "preset" | "type" | "seed"> & MakeFlags) => {
      await showWriting(out, (options) => writeRandomModel(out, { ...options, ...given, vocabFile: vocab }));
    });
}

interface MakeFlags {
  out: string;
  vocab?: string;
}

/** Runs a maker with a progress bar where a person watches. An interrupt leaves nothing half-written. */
async function showWriting(path: string, make: (options: WriteOptions) => Promise<void>): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  const bar = new SingleBar({
    format: "{bar} {percentage}% of {size}, {eta_formatted} left",
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  process.once("SIGINT", onInterrupt);
  let total = 0;
  try {
    await make({
      signal: interrupt.signal,
      onProgress: (progress) => {
        if (total === 0 && process.stderr.isTTY) bar.start(progress.total, 0, { size: formatBytes(progress.total) });
        total = progress.total;
        bar.update(progress.written);
      },
    });
    bar.stop();
    process.stdout.write(`${path}: ${formatBytes(total)}\n`);
  } catch (error) {
    bar.stop();
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = 130;
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

/** Lines of the chat template that are shown, and characters of each. */
const TEMPLATE_LINES = 4;
const TEMPLATE_WIDTH = 96;

function inspectionText(model: ModelInspection): string {
  const { bold, dim } = coloursFor(process.stdout);
  const size = model.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const files = model.files.length > 1 ? ` in ${model.files.length} files` : "";
  const title = model.metadata["general.name"];
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
    ["format", `GGUF v${model.formatVersion}`],
    ...templateLines(model.chatTemplate).map((line, index): [string, string] => [
      index === 0 ? "chat template" : "",
      dim(line),
    ]),
  ];
  return table([{ title: "" }, { title: "" }], rows);
}

function templateLines(template: string | null): string[] {
  if (template === null) return ["none"];
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

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Give a whole number from 0 on.");
  return Number(text);
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0)) throw new InvalidArgumentError("Give a number above 0.");
  return value;
}
