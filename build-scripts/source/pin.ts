/** Which source an engine is built from, and everything needed to recognise it whichever way it came. */
export interface SourcePin {
  readonly engine: string;
  /** What to call it when talking to people. */
  readonly name: string;
  readonly version: string;
  readonly commit: string;
  /** Git tree hash (SHA-1, hex) of the commit: the proof that files are upstream's. */
  readonly tree: string;
  readonly archive: {
    readonly url: string;
    /** Environment variable that gives another address: a mirror, or a test's server. */
    readonly variable: string;
  };
  readonly npm: {
    readonly package: string;
    readonly version: string;
    /** Subresource integrity of the package's tarball, as the registry publishes it. */
    readonly integrity: string;
    /** Path inside the package of the git bundle that carries the tree. */
    readonly bundle: string;
  };
  /** Folder of the git submodule, relative to the package's root. */
  readonly submodule: string;
}

const commit = "7fe450e19305b828c199d602c23a8337aaa1f03b";

export const llamaPin: SourcePin = {
  engine: "llama",
  name: "llama.cpp",
  version: "0.5.0",
  commit,
  tree: "fd570ef54b10ec5fecb739e7e04c8ce44a6f415a",
  archive: {
    url: `https://github.com/ggml-org/llama.cpp/archive/${commit}.tar.gz`,
    variable: "CORRAL_LLAMA_ARCHIVE",
  },
  npm: {
    package: "node-llama-cpp",
    version: "3.22.1",
    integrity: "sha512-bltIipuWmc123H7tMIgDGKSsSrhmhlQYeVUC48XTjVW7XGJJiJJyCdlTMzQ/LiWoPkGDpcL4FviDpgw7qfTiDw==",
    bundle: "llama/gitRelease.bundle",
  },
  submodule: "llama-cpp",
};
