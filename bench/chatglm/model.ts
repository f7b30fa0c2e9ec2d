import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../../build-scripts/cache.ts";
import { corralCommand } from "../fronts/corral.ts";

const LAYERS = 4;

/** One model in both formats, made once by corral's commands. */
export function ensureModels(): { readonly bin: string; readonly gguf: string } {
  const directory = join(cacheDir(), "models");
  mkdirSync(directory, { recursive: true });
  const bin = join(directory, `random-chatglm3-6b-${LAYERS}-layers-q4_0.bin`);
  const gguf = bin.replace(/\.bin$/, ".gguf");
  const shape = `--type 3 --shape chatglm3-6b --layers ${LAYERS} --quantisation q4_0 --tokenizer full`;
  if (!existsSync(bin)) corral(["model", "make", "chatglm", ...shape.split(" "), "--out", bin]);
  if (!existsSync(gguf)) corral(["model", "convert", bin, "--out", gguf]);
  return { bin, gguf };
}

function corral(args: string[]): void {
  const { program, args: all } = corralCommand(args);
  execFileSync(program, all, { stdio: ["ignore", "ignore", "inherit"] });
}
