import { basename } from "node:path";
import type { Build } from "../../build-scripts/build.ts";
import type { Program } from "./engine.ts";

/** One of a build's programs, as what serves. Pure. */
export function programOf(path: string, { manifest, warnings }: Pick<Build, "manifest" | "warnings">): Program {
  return { path, version: manifest.programs[basename(path)]?.version ?? "unknown", warnings };
}
