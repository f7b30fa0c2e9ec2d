import type { Build, BuildOptions } from "./options.ts";

export type { Manifest } from "./manifest.ts";
export type { Build, BuildEvent, BuildOptions } from "./options.ts";

/** Placeholder until the parts are there. */
export function ensureBuild(_options: BuildOptions): Promise<Build> {
  throw new Error("not yet");
}
