import { describe, expect, it } from "vitest";
import { type BuildFacts, folderName, identityOf, normaliseDefines } from "../../build-scripts/identity.ts";

const facts: BuildFacts = {
  engine: "llama",
  tree: "fd570ef54b10ec5fecb739e7e04c8ce44a6f415a",
  inputs: {},
  options: { arithmetic: "safe", defines: [], targets: ["llama-server", "llama-bench"], ladder: 1 },
  compiler: { version: "g++ 12.2.0", target: "x86_64-linux-gnu" },
  cpu: { arch: "x64", features: ["avx2", "fma"] },
};

describe("identity", () => {
  it("does not depend on the order of lists", () => {
    const shuffled = {
      ...facts,
      options: { ...facts.options, targets: ["llama-bench", "llama-server"] },
      cpu: { arch: "x64", features: ["fma", "avx2"] },
    };
    expect(identityOf(shuffled)).toBe(identityOf(facts));
    expect(identityOf(facts)).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, Partial<BuildFacts>]>([
    ["source", { tree: "0000" }],
    ["other inputs", { inputs: { "a.cpp": "0000" } }],
    ["arithmetic", { options: { ...facts.options, arithmetic: "fast" } }],
    ["defines", { options: { ...facts.options, defines: ["GGML_LTO=ON"] } }],
    ["targets", { options: { ...facts.options, targets: ["llama-server"] } }],
    ["ladder", { options: { ...facts.options, ladder: 2 } }],
    ["compiler", { compiler: { ...facts.compiler, version: "g++ 13.1.0" } }],
    ["compiler's target", { compiler: { ...facts.compiler, target: "aarch64-linux-gnu" } }],
    ["CPU features", { cpu: { arch: "x64", features: ["avx2", "avx512f", "fma"] } }],
    ["architecture", { cpu: { ...facts.cpu, arch: "arm64" } }],
  ])("changes with the %s", (_what, change) => {
    expect(identityOf({ ...facts, ...change })).not.toBe(identityOf(facts));
  });

  it("keeps lists apart from each other", () => {
    const a = identityOf({ ...facts, options: { ...facts.options, defines: ["X=1"], targets: [] } });
    const b = identityOf({ ...facts, options: { ...facts.options, defines: [], targets: ["X=1"] } });
    expect(a).not.toBe(b);
  });

  it("names the folder", () => {
    expect(folderName("llama", "0123456789abcdef0123")).toBe("llama-0123456789abcdef");
  });
});

describe("defines", () => {
  it("mean the same with and without -D, sorted, the last one of a name counting", () => {
    expect(normaliseDefines(["-DB=2", "A=1", "-D B=3", "C:BOOL=ON"])).toEqual(["A=1", "B=3", "C:BOOL=ON"]);
  });

  it("take compiler flags of the environment, in front of the caller's own", () => {
    expect(normaliseDefines(["CMAKE_C_FLAGS=-g"], { CFLAGS: "-O2", LDFLAGS: " " })).toEqual(["CMAKE_C_FLAGS=-O2 -g"]);
  });

  it.each(["", "GGML_LTO", "-D", "=ON", "A B=1", "A=1\nB=2"])("refuse %j", (define) => {
    expect(() => normaliseDefines([define])).toThrow(expect.objectContaining({ code: "CORRAL_BAD_OPTION" }));
  });
});
