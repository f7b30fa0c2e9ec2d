import { Command } from "commander";
import { convertCommand } from "./model-commands/convert.ts";
import { inspectCommand } from "./model-commands/inspect.ts";
import { makeCommand } from "./model-commands/make.ts";

const EXAMPLES = `
Examples:
  corral model inspect ./qwen2.5-7b-q4_k_m.gguf
  corral model inspect ./big-00001-of-00003.gguf --json
  corral model make echo --out echo.gguf
  corral model make random --preset qwen2.5-0.5b --type q4_0 --out random.gguf
  corral model make chatglm --type 3 --quantisation q4_0 --out random.bin
  corral model make chatglm --type 1 --script alphabet --out alphabet.bin
  corral model convert ./chatglm3-6b-q4_0.bin`;

export function modelCommand(): Command {
  return new Command("model")
    .description("say what a model file holds, convert one, or make one for tests and benchmarks")
    .addCommand(inspectCommand())
    .addCommand(makeCommand())
    .addCommand(convertCommand())
    .addHelpText("after", EXAMPLES);
}
