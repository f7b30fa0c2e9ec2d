import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../../build-scripts/cache.ts";
import { corralCommand } from "../fronts/corral.ts";

const PRESET = "qwen2.5-0.5b";
const TYPE = "q4_0";

/** Random weights in the shape of a 0.5B model, 350 MB, made once by corral's command: speed does not see values. */
export function ensureRandomModel(): string {
  const directory = join(cacheDir(), "models");
  const path = join(directory, `random-${PRESET}-${TYPE}.gguf`);
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true });
    const make = ["model", "make", "random", "--preset", PRESET, "--type", TYPE, "--out", path];
    const { program, args } = corralCommand(make);
    execFileSync(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  }
  return path;
}
