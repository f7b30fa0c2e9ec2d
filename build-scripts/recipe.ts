import type { CompileRecipe } from "./compile.ts";
import type { Ladder } from "./ladder.ts";
import type { Proof, ProveOptions } from "./prove.ts";
import type { SourcePin } from "./source/pin.ts";
import type { Source } from "./source/source.ts";

/** How one engine is made: everything that differs from engine to engine, and nothing else. */
export interface Recipe extends CompileRecipe {
  readonly pin: SourcePin;
  /**
   * What goes into a build besides the engine's source: name -> hash. Part of the build's identity, so it must be
   * known in milliseconds, before anything is obtained.
   */
  readonly inputs: () => Promise<Readonly<Record<string, string>>>;
  /** Makes what CMake configures out of the source. Called once, before the first rung. */
  readonly prepare: (given: Preparation) => Promise<Prepared>;
  readonly ladder: Ladder;
  readonly prove: (options: ProveOptions) => Promise<Proof>;
}

export interface Preparation {
  /** The engine's own source. Nothing is written there. */
  readonly source: Source;
  /** An empty folder that stays while the build is made. */
  readonly scratch: string;
  /** Another engine's pinned source, by its own channels. */
  readonly obtain: (pin: SourcePin) => Promise<Source>;
}

export interface Prepared {
  /** What CMake configures; the recipe's `files` lie in it. */
  readonly folder: string;
  /** CMake cache entries, NAME=VALUE, that name sources, and what programs say of themselves. */
  readonly defines: readonly string[];
  /** What every build of it goes without, as a person should be told. */
  readonly gaveUp: readonly string[];
}
