import { join } from "node:path";
import { VOCABULARY_FILE } from "./build-folder.ts";
import type { CompileRecipe } from "./compile.ts";
import { type LadderInput, ladder, type Rung } from "./ladder.ts";
import { type Proof, type ProveOptions, prove } from "./prove.ts";
import { llamaPin, type SourcePin } from "./source/pin.ts";
import type { Source } from "./source/source.ts";

/** How one engine is made: everything that differs from engine to engine, and nothing else. */
export interface Recipe extends CompileRecipe {
  readonly pin: SourcePin;
  /** CMake cache entries that name the source, for what programs say of themselves. */
  readonly stamp: (source: Source) => readonly string[];
  readonly ladder: (input: LadderInput) => readonly Rung[];
  readonly prove: (options: ProveOptions) => Promise<Proof>;
}

/** Every kind of compute but the CPU's, and BLAS, which never helps generation and rarely prefill. */
const OTHER_COMPUTE = "BLAS CUDA HIP MUSA METAL VULKAN OPENCL SYCL WEBGPU OPENVINO HEXAGON ZDNN ZENDNN VIRTGPU ET";

export const llamaRecipe: Recipe = {
  pin: llamaPin,
  defines: [
    "CMAKE_BUILD_TYPE=Release",
    "BUILD_SHARED_LIBS=OFF",
    "LLAMA_BUILD_TESTS=OFF",
    "LLAMA_BUILD_EXAMPLES=OFF",
    "LLAMA_BUILD_APP=OFF",
    // The web page would be fetched from the network.
    "LLAMA_USE_PREBUILT_UI=OFF",
    "LLAMA_BUILD_UI=OFF",
    "LLAMA_OPENSSL=OFF",
    "LLAMA_BUILD_IS_DEV=OFF",
    "GGML_RPC=ON",
    // A compiler cache would do no harm, but what it is set to would be another input.
    "GGML_CCACHE=OFF",
    ...OTHER_COMPUTE.split(" ").map((name) => `GGML_${name}=OFF`),
  ],
  stamp: ({ verified, tree }) => [
    "LLAMA_BUILD_NUMBER=0",
    `LLAMA_BUILD_COMMIT=${verified ? llamaPin.commit.slice(0, 7) : `tree-${tree.slice(0, 7)}`}`,
  ],
  targets: {
    "llama-server": "llama-server",
    "llama-quantize": "llama-quantize",
    "llama-bench": "llama-bench",
    "llama-batched-bench": "llama-batched-bench",
    "llama-gguf-split": "llama-gguf-split",
    "ggml-rpc-server": "rpc-server",
  },
  binDir: "bin",
  files: { [join("models", "ggml-vocab-qwen2.gguf")]: VOCABULARY_FILE },
  ladder,
  prove,
};
