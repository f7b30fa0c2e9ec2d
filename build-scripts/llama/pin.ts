import type { SourcePin } from "../source/pin.ts";

const commit = "7fe450e19305b828c199d602c23a8337aaa1f03b";

export const llamaPin: SourcePin & { readonly commit: string } = {
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
