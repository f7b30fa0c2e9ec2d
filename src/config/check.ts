import { access, constants, stat } from "node:fs/promises";
import type { Config } from "./load.ts";
import type { ResolvedModelOptions } from "./model-options.ts";
import { keyText } from "./places.ts";
import { type Problem, problemAt } from "./problem.ts";

/** What is wrong with a configuration that is right by itself: files that aren't there, or not for this user to read. */
export async function checkConfig({ models, origins }: Config): Promise<Problem[]> {
  const problems = await Promise.all(
    models.map(async (model) => {
      const why = await whyNotReadable(model);
      const key = keyText(["models", model.name, "source"]);
      return why === null ? [] : [problemAt(origins[key], key, `"${key}" is ${JSON.stringify(model.source)}. ${why}`)];
    }),
  );
  return problems.flat();
}

async function whyNotReadable({ source }: ResolvedModelOptions): Promise<string | null> {
  if (source === "echo") return null;
  try {
    if (!(await stat(source)).isFile()) return "That is no file: name a GGUF file, a .bin file or echo.";
    await access(source, constants.R_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return "It does not exist: check the path.";
    return `It can't be read (${code}): check its owner, or check as the user that corral runs as.`;
  }
}
