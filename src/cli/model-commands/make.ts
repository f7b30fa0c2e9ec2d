import { Command, InvalidArgumentError } from "commander";
import { type EchoOptions, MODEL_PRESETS, type RandomOptions, writeEchoModel, writeRandomModel } from "../../index.ts";
import { showWriting } from "./writing.ts";

export function makeCommand(): Command {
  return new Command("make")
    .description("make a model for tests and benchmarks")
    .addCommand(echoCommand())
    .addCommand(randomCommand());
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

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Give a whole number from 0 on.");
  return Number(text);
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0)) throw new InvalidArgumentError("Give a number above 0.");
  return value;
}
