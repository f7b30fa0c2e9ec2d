import { expect, test } from "vitest";
import { classifyEnding } from "../../src/engine/ending.ts";
import type { Ending, FailureReason } from "../../src/engine/engine.ts";
import { llamaEndings } from "../../src/engine/llama-endings.ts";
import { readPulse } from "../../src/engine/pulse.ts";

const classify = (one: Ending) => classifyEnding(one, llamaEndings);

const ending = (tail: string, facts: Partial<Ending> = {}): Ending => ({
  exitCode: 1,
  signal: null,
  outOfMemory: false,
  tail: tail.trim().split("\n"),
  ...facts,
});

const FAREWELL = `
0.00.009.586 E llama_model_load_from_file_impl: failed to load model
0.00.009.587 E cmn  common_init_: failed to load model '/m/x.gguf'
0.00.009.589 E srv    load_model: failed to load model, '/m/x.gguf'
0.00.009.590 I srv    operator(): operator(): cleaning up before exit...
0.00.011.117 E srv  llama_server: exiting due to model loading error`;

/** What llama-server v0.5.0 wrote when it was given each of these. */
const RECORDED: readonly (readonly [given: string, FailureReason, tail: string])[] = [
  [
    "a path without a file",
    "model-missing",
    `
0.00.009.395 I srv    load_model: loading model '/m/x.gguf'
0.00.009.457 E gguf_init_from_file: failed to open GGUF file '/m/x.gguf' (No such file or directory)
0.00.009.578 E llama_model_load: error loading model: llama_model_loader: failed to load model from /m/x.gguf${FAREWELL}`,
  ],
  [
    "a folder, or an empty file",
    "model-broken",
    `
0.00.009.394 E gguf_init_from_reader: failed to read magic
0.00.009.518 E llama_model_load: error loading model: llama_model_loader: failed to load model from dir.gguf${FAREWELL}`,
  ],
  [
    "a truncated file",
    "model-broken",
    `
0.00.006.530 E llama_model_load: error loading model: tensor 'token_embd.weight' data is not within the file bounds, model is corrupted or incomplete${FAREWELL}`,
  ],
  [
    "an HTML page",
    "model-broken",
    `
0.00.005.864 E gguf_init_from_reader: invalid magic characters: '<!DO', expected 'GGUF'
0.00.005.964 E llama_model_load: error loading model: llama_model_loader: failed to load model from html.gguf${FAREWELL}`,
  ],
  [
    "absurd counts",
    "model-broken",
    `
0.00.009.577 E gguf_init_from_reader: number of tensors is 1152921504606846976 but must be in [0, 53624256028225440]
0.00.009.577 E gguf_init_from_reader: failed to read header
0.00.009.685 E llama_model_load: error loading model: llama_model_loader: failed to load model from absurd.gguf${FAREWELL}`,
  ],
  [
    "a tokenizer without weights",
    "model-broken",
    `
0.00.366.077 E llama_model_load: error loading model: check_tensor_dims: tensor 'token_embd.weight' not found${FAREWELL}`,
  ],
  [
    "a GGUF of the future",
    "model-unsupported",
    `
0.00.006.151 E gguf_init_from_reader: this GGUF file is version 99 but this software only supports up to version 3
0.00.006.157 E gguf_init_from_reader: failed to read header
0.00.006.271 E llama_model_load: error loading model: llama_model_loader: failed to load model from v99.gguf${FAREWELL}`,
  ],
  [
    "an architecture it does not know",
    "model-unsupported",
    `
0.00.004.479 E llama_model_load: error loading model: unknown model architecture: 'lxama'${FAREWELL}`,
  ],
  [
    "a flag it does not know",
    "bad-flag",
    `
0.00.000.320 I srv  llama_server: initializing ...
error: invalid argument: --no-such-flag`,
  ],
  [
    "a flag with a value it does not know",
    "bad-flag",
    `
error while handling argument "-fa": error: unknown value for --flash-attn: 'maybe'

usage:
-fa,   --flash-attn [on|off|auto]       set Flash Attention use ('on', 'off', or 'auto', default: 'auto')
                                        (env: LLAMA_ARG_FLASH_ATTN)

to show complete usage, run with -h`,
  ],
  [
    "a flag whose value is no number",
    "bad-flag",
    `
error while handling argument "-c": stoi`,
  ],
  [
    "a port in use",
    "port-taken",
    `
0.00.002.554 E srv         start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 18999
0.00.002.554 I srv    operator(): operator(): cleaning up before exit...
0.00.002.619 E srv  llama_server: exiting due to HTTP server error`,
  ],
  [
    "less memory than the context needs",
    "out-of-memory",
    `
0.00.460.355 E ggml_aligned_malloc: insufficient memory (attempted to allocate 117187.50 MB)
0.00.460.411 E ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 122880000000
0.00.460.424 E alloc_tensor_range: failed to allocate CPU buffer of size 122880000000
0.00.547.433 E llama_init_from_model: failed to initialize the context: failed to allocate buffer for kv cache
0.00.547.492 E cmn  common_init_: failed to create context with model '/m/x.gguf'
0.00.547.829 E srv  llama_server: exiting due to model loading error`,
  ],
];

test.each(RECORDED)("%s: %s", (_given, reason, tail) => {
  expect(classify(ending(tail))).toBe(reason);
});

test("an abort for want of memory is no crash", () => {
  const tail = "/src/ggml/src/ggml.c:1644: GGML_ASSERT(ctx->mem_buffer != NULL) failed";
  expect(classify(ending(tail, { exitCode: null, signal: "SIGABRT" }))).toBe("out-of-memory");
});

test("signals speak for themselves", () => {
  const died = (signal: NodeJS.Signals, facts: Partial<Ending> = {}): FailureReason =>
    classify(ending("0.00.012.532 I srv    load_model: loading model", { exitCode: null, signal, ...facts }));
  expect(died("SIGSEGV")).toBe("crashed");
  expect(died("SIGBUS")).toBe("crashed");
  expect(died("SIGILL")).toBe("illegal-instruction");
  expect(died("SIGKILL")).toBe("killed");
  expect(died("SIGKILL", { outOfMemory: true })).toBe("out-of-memory");
  expect(classify(ending("", { exitCode: 137 }))).toBe("killed");
  expect(classify(ending("nothing known"))).toBe("exited");
});

test("reads the turns of the loop", () => {
  const metrics = `# HELP llamacpp:n_decode_total Total number of llama_decode() calls
# TYPE llamacpp:n_decode_total counter
llamacpp:n_decode_total 1.6e+06
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 2
`;
  expect(readPulse(metrics)).toEqual({ turns: 1_600_000, working: 2 });
  expect(readPulse('{"error":{"code":501}}')).toBeNull();
});
