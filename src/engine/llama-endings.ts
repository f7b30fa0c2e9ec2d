import type { Signs } from "./ending.ts";

/** Of llama-server v0.5.0. */
export const llamaEndings: Signs = [
  [/insufficient memory|failed to allocate|bad_alloc|Cannot allocate memory|mem_buffer != NULL/, "out-of-memory"],
  [/couldn't bind HTTP server socket|couldn't start HTTP listener/, "port-taken"],
  [/error: invalid argument: |error while handling argument |the argument has been removed/, "bad-flag"],
  [/failed to open GGUF file .*\(.+\)/, "model-missing"],
  [/unknown model architecture|GGUF file is version \d+ but|unknown pre-tokenizer type/, "model-unsupported"],
  [/llama_model_load: error loading model|failed to load model/, "model-broken"],
];
