import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { CorralError, convertChatglm, describeModel } from "../../index.ts";
import { showWriting } from "./writing.ts";

export function convertCommand(): Command {
  return new Command("convert")
    .description("write a .bin file of chatglm.cpp (ChatGLM2, ChatGLM3, GLM-4) as GGUF, without loss")
    .argument("<file>", "the model; it stays as it is")
    .option("--out <file>", "where to write it; what is there is replaced (default: beside the model)")
    .action(async (file: string, { out }: { out?: string }) => {
      const target = out ?? (await freeNeighbour(file));
      await showWriting(target, (options) => convertChatglm(file, target, options));
      if (process.exitCode === undefined) process.stdout.write(`${await summary(target)}\n`);
    });
}

/** The model's name in its folder, with GGUF's ending. Nobody asked for what is there to be replaced. */
async function freeNeighbour(file: string): Promise<string> {
  const { path, name } = await describeModel(file);
  const out = join(dirname(path), `${name}.gguf`);
  const isFree = await access(out).then(
    () => false,
    () => true,
  );
  if (isFree) return out;
  throw new CorralError("CORRAL_BAD_OPTION", `${out} is there already. Name a file with \`--out\`.`, {
    facts: { path: out },
  });
}

async function summary(out: string): Promise<string> {
  const { quantisation, layers, vocabulary } = await describeModel(out);
  return `${quantisation}, ${layers} layers, ${vocabulary} tokens, the weights as they were. Next: corral serve ${out}`;
}
