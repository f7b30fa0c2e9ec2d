import { join } from "node:path";
import { VOCABULARY_FILE } from "../build-folder.ts";
import type { Recipe } from "../recipe.ts";
import { llamaLadder } from "./ladder.ts";
import { llamaPin } from "./pin.ts";
import { proveLlama } from "./prove.ts";

/** Every kind of compute but the CPU's, and BLAS, which never helps generation and rarely prefill. */
const OTHER_COMPUTE = "BLAS CUDA HIP MUSA METAL VULKAN OPENCL SYCL WEBGPU OPENVINO HEXAGON ZDNN ZENDNN VIRTGPU ET";

export const llamaRecipe: Recipe = {
  pin: llamaPin,
  inputs: async () => ({}),
  prepare: async ({ source: { dir, verified, tree } }) => ({
    folder: dir,
    defines: [
      "LLAMA_BUILD_NUMBER=0",
      `LLAMA_BUILD_COMMIT=${verified ? llamaPin.commit.slice(0, 7) : `tree-${tree.slice(0, 7)}`}`,
    ],
    gaveUp: [],
  }),
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
  ladder: llamaLadder,
  prove: proveLlama,
};
