import { Command, InvalidArgumentError } from "commander";
import {
  CHATGLM_SHAPES,
  CorralError,
  type EchoOptions,
  MODEL_PRESETS,
  type RandomChatglmOptions,
  type RandomOptions,
  type ScriptedOptions,
  type WriteOptions,
  writeEchoModel,
  writeRandomChatglm,
  writeRandomModel,
  writeScriptedChatglm,
} from "../../index.ts";
import { showWriting } from "./writing.ts";

export function makeCommand(): Command {
  return new Command("make")
    .description("make a model for tests and benchmarks")
    .addCommand(echoCommand())
    .addCommand(randomCommand())
    .addCommand(chatglmCommand());
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

function chatglmCommand(): Command {
  return new Command("chatglm")
    .description("a .bin file of chatglm.cpp, with random weights or with a script that it says whatever it is asked")
    .requiredOption("--out <file>", "where to write it; what is there is replaced")
    .requiredOption("--type <number>", "1 ChatGLM-6B, 2 ChatGLM2, 3 ChatGLM3, 4 GLM-4", wholeNumber)
    .option("--script <name>", "alphabet (abc...z, then the end) or endless: such a model is always tiny")
    .option("--shape <name>", `of random weights: ${Object.keys(CHATGLM_SHAPES).join(", ")} (default: tiny)`)
    .option("--layers <number>", "fewer or more than the shape has", positiveWhole)
    .option("--quantisation <name>", "of random weights: f32, f16, q8_0 or q4_0 (default: f16)")
    .option("--tokenizer <size>", "tiny, or full like the real models' (default: as the shape's)")
    .option(
      "--max-length <tokens>",
      "that prompt and answer may have together (default: the shape's, or 2048)",
      positiveWhole,
    )
    .option("--seed <number>", "another seed makes other weights (default: 0)", wholeNumber)
    .action(async ({ out, script, ...given }: ChatglmFlags) => {
      if (script === undefined) return showWriting(out, (options) => writeRandomChatglm(out, { ...options, ...given }));
      const { type, maxLength, ...others } = given;
      const [useless] = Object.keys(others);
      if (useless !== undefined) {
        throw new CorralError("CORRAL_BAD_OPTION", `a model with a script has no choice of ${useless}. Leave it out.`);
      }
      return showWriting(out, (options) => writeScriptedChatglm(out, { ...options, type, script, maxLength }));
    });
}

type ChatglmFlags = Omit<RandomChatglmOptions, keyof WriteOptions> & {
  out: string;
  script?: ScriptedOptions["script"];
};

interface MakeFlags {
  out: string;
  vocab?: string;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Give a whole number from 0 on.");
  return Number(text);
}

function positiveWhole(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError("Give a whole number from 1 on.");
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0)) throw new InvalidArgumentError("Give a number above 0.");
  return value;
}
