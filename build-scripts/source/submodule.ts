import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CorralError } from "../../src/errors.ts";
import { packageRoot } from "../package-root.ts";
import type { Channel } from "./channel.ts";
import { isPopulated } from "./folder.ts";

/** The git submodule of corral's own checkout, where somebody has populated it. */
export function submoduleOf(root: string): Channel {
  return {
    name: "submodule",
    local: true,
    detail: (pin) => join(root, pin.submodule),
    async deliver({ pin }) {
      const dir = join(root, pin.submodule);
      if (await isPopulated(dir)) return dir;
      throw new CorralError("CORRAL_SOURCE_UNAVAILABLE", await whyEmpty(root, pin.submodule));
    },
  };
}

/** A folder of that name may be filled by hand, too: what it holds is proven like any other source. */
async function whyEmpty(root: string, folder: string): Promise<string> {
  const modules = await readFile(join(root, ".gitmodules"), "utf8").catch(() => null);
  if (modules === null) return "this corral is not a git checkout";
  const known = modules.split("\n").some((line) => line.trim() === `path = ${folder}`);
  return known ? `${folder} is not populated (git submodule update --init ${folder})` : `there is no folder ${folder}`;
}

export const submodule: Channel = submoduleOf(packageRoot);
