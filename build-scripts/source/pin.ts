/** Which source an engine is built from, and everything needed to recognise it whichever way it came. */
export interface SourcePin {
  readonly engine: string;
  /** What to call it when talking to people. */
  readonly name: string;
  readonly version: string;
  /** Null where upstream's commit is not known: then `tree` alone says what the source is. */
  readonly commit: string | null;
  /** Git tree hash (SHA-1, hex): the proof that files are upstream's. Of the commit, or of what `reads` names. */
  readonly tree: string;
  /**
   * Files and folders that the build reads, where not all of the tree counts: they alone are hashed, kept and compiled.
   * For a source that reaches us in other shapes than upstream's commit, such as one with its submodules put in place.
   */
  readonly reads?: readonly string[];
  readonly archive?: {
    readonly url: string;
    /** Environment variable that gives another address: a mirror, or a test's server. */
    readonly variable: string;
  };
  readonly npm?: {
    readonly package: string;
    readonly version: string;
    /** Subresource integrity of the package's tarball, as the registry publishes it. */
    readonly integrity: string;
    /** Path inside the package of the git bundle that carries the tree. */
    readonly bundle: string;
  };
  /** A Python source distribution. */
  readonly sdist?: {
    readonly package: string;
    readonly version: string;
    /** Of the tarball, hex, as the registry publishes it. */
    readonly sha256: string;
  };
  /** Folder of the git submodule, relative to the package's root. */
  readonly submodule: string;
}

/** The pinned source in words: its commit, or its release where the commit is not known. */
export function releaseOf({ name, version, commit }: SourcePin): string {
  return commit === null ? `${name} ${version} with its third parties` : `commit ${commit}`;
}
