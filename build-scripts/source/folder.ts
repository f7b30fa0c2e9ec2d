import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { CorralError } from "../../src/errors.ts";
import type { Channel } from "./channel.ts";

/** A tree that the user points at. */
export function givenFolder(folder: string): Channel {
  const dir = resolve(folder);
  return {
    name: "folder",
    local: true,
    detail: () => dir,
    async deliver() {
      if (await isPopulated(dir)) return dir;
      throw new CorralError("CORRAL_SOURCE_UNAVAILABLE", `${dir} is not a folder with files in it`);
    },
  };
}

/** False where there is no such folder. An unpopulated submodule is an empty folder, or one with a .git alone. */
export async function isPopulated(dir: string): Promise<boolean> {
  const names = await readdir(dir).catch(() => []);
  return names.some((name) => name !== ".git");
}
