import { existsSync } from "node:fs";
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
      const reason = existsSync(join(root, ".gitmodules"))
        ? `${pin.submodule} is not populated (git submodule update --init ${pin.submodule})`
        : "this corral is not a git checkout";
      throw new CorralError("CORRAL_SOURCE_UNAVAILABLE", reason);
    },
  };
}

export const submodule: Channel = submoduleOf(packageRoot);
