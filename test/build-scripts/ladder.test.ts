import { describe, expect, it } from "vitest";
import type { LadderInput } from "../../build-scripts/ladder.ts";
import { llamaLadder } from "../../build-scripts/llama/ladder.ts";

const { rungs: ladder, arithmetic: effectiveArithmetic } = llamaLadder;

const AVX2 = ["avx", "avx2", "bmi2", "f16c", "fma", "sse4_2"];
const AVX512 = [...AVX2, "avx512bw", "avx512f", "avx512_bf16", "avx512_vnni"];
const SAPPHIRE = [...AVX512, "amx_bf16", "amx_int8", "amx_tile", "avx512_fp16"];
const NEON = ["asimd", "fp"];
const NEON_HALF = [...NEON, "asimddp", "asimdhp", "fphp", "i8mm"];

function names(input: Partial<LadderInput>): string[] {
  return ladder({ arch: "x64", features: [], arithmetic: "safe", ...input }).map(({ name }) => name);
}

function best(input: Partial<LadderInput>) {
  const [first] = ladder({ arch: "x64", features: [], arithmetic: "safe", ...input });
  if (first === undefined) throw new Error("an empty ladder");
  return first;
}

describe("the ladder", () => {
  it("leaves out what makes no difference on a CPU with AVX2 and nothing newer", () => {
    expect(names({ features: AVX2 })).toEqual(["native", "portable"]);
    expect(best({ features: AVX2 })).toMatchObject({ headers: [], flags: [], gaveUp: [] });
  });

  it("steps from AVX-512 to AVX2, naming each option: GGML_NATIVE=OFF alone decides nothing", () => {
    const rungs = ladder({ arch: "x64", features: AVX512, arithmetic: "safe" });
    expect(rungs.map(({ name }) => name)).toEqual(["native", "avx2", "portable"]);
    expect(rungs[0]).toMatchObject({ headers: [], flags: [], defines: ["GGML_NATIVE=ON"] });
    expect(rungs[1]?.defines).toEqual(expect.arrayContaining(["GGML_NATIVE=OFF", "GGML_AVX2=ON", "GGML_FMA=ON"]));
    expect(rungs[2]?.defines).toEqual(expect.arrayContaining(["GGML_NATIVE=OFF", "GGML_AVX2=OFF", "GGML_FMA=OFF"]));
  });

  it("sums in single precision and mends AMX first, then goes without AMX", () => {
    const rungs = ladder({ arch: "x64", features: SAPPHIRE, arithmetic: "safe" });
    expect(rungs.map(({ name }) => name)).toEqual(["native", "native-without-amx", "avx2", "portable"]);
    expect(rungs[0]).toMatchObject({ headers: ["tile-config.h"], flags: ["-mno-avx512fp16"], gaveUp: [] });
    expect(rungs[1]?.headers).toEqual([]);
    expect(rungs[1]?.flags).toEqual(["-mno-avx512fp16", "-mno-amx-tile", "-mno-amx-int8", "-mno-amx-bf16"]);
    expect(rungs[1]?.gaveUp.join()).toMatch(/AMX/);
  });

  it("keeps half-precision sums only with fast arithmetic, and says what that costs", () => {
    const fast = best({ features: SAPPHIRE, arithmetic: "fast" });
    expect(fast.flags).toEqual([]);
    expect(fast.headers).toEqual(["tile-config.h"]);
    expect(fast.gaveUp.join()).toMatch(/65,504/);
  });

  it("does not pass flags that the compiler does not know", () => {
    const unknownFlags = ["-mno-avx512fp16", "-mno-amx-tile"];
    const rungs = ladder({ arch: "x64", features: SAPPHIRE, arithmetic: "safe", unknownFlags });
    expect(rungs.flatMap(({ flags }) => flags)).toEqual(["-mno-amx-int8", "-mno-amx-bf16"]);
  });

  it("hides half-precision arithmetic on ARM where the CPU has it", () => {
    expect(names({ arch: "arm64", features: NEON })).toEqual(["native", "portable"]);
    expect(best({ arch: "arm64", features: NEON }).headers).toEqual([]);
    expect(names({ arch: "arm64", features: NEON_HALF })).toEqual(["native", "dotprod", "portable"]);
    expect(best({ arch: "arm64", features: NEON_HALF }).headers).toEqual(["single-precision.h"]);
    expect(best({ arch: "arm64", features: NEON_HALF, arithmetic: "fast" }).headers).toEqual([]);
    expect(best({ arch: "arm64", features: ["arm.FEAT_FP16"] }).headers).toEqual(["single-precision.h"]);
  });

  it("has two rungs on architectures it knows nothing of", () => {
    expect(names({ arch: "riscv64" })).toEqual(["native", "portable"]);
  });

  it("never hands down a half-precision sum to a safe build's lower rungs", () => {
    for (const rung of ladder({ arch: "x64", features: SAPPHIRE, arithmetic: "safe" })) {
      const native = rung.defines.includes("GGML_NATIVE=ON");
      expect(native ? rung.flags : ["-mno-avx512fp16"]).toContain("-mno-avx512fp16");
    }
  });
});

describe("effective arithmetic", () => {
  it("is fast only where it makes a difference: one build then serves both", () => {
    expect(effectiveArithmetic("fast", "x64", SAPPHIRE)).toBe("fast");
    expect(effectiveArithmetic("fast", "x64", AVX512)).toBe("safe");
    expect(effectiveArithmetic("fast", "arm64", NEON_HALF)).toBe("fast");
    expect(effectiveArithmetic("fast", "arm64", NEON)).toBe("safe");
    expect(effectiveArithmetic("safe", "x64", SAPPHIRE)).toBe("safe");
  });
});
