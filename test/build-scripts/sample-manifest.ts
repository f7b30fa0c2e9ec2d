import type { Manifest } from "../../build-scripts/manifest.ts";

/** A manifest as a default build writes it, with what a test wants otherwise. */
export function sampleManifest(more: Partial<Manifest> = {}): Manifest {
  return {
    format: 1,
    identity: "0".repeat(64),
    engine: { name: "llama", version: "0.5.0", commit: "c0ffee", tree: "beef" },
    inputs: {},
    source: { channel: "npm", verified: true, detail: "somewhere" },
    options: { arithmetic: "safe", defines: [], targets: ["llama-server"], ladder: 1 },
    rung: { name: "native", why: "all that this CPU has", flags: [], defines: ["GGML_NATIVE=ON"], gaveUp: [] },
    failedRungs: [],
    compiler: { version: "cc 12", target: "x86_64-linux-gnu" },
    cpu: { arch: "x64", model: "a CPU", features: ["avx2", "fma"] },
    programs: {},
    proof: {
      passed: true,
      checks: [{ name: "echo", passed: true, demanded: true, seconds: 0.5, failures: [] }],
    },
    bench: [{ model: "random Q4_0", phase: "prefill", threads: 2, tokens: 256, tokensPerSecond: 100 }],
    seconds: { source: 3, compile: 200, proof: 10 },
    madeAt: "2026-01-02T03:04:05.678Z",
    ...more,
  };
}
