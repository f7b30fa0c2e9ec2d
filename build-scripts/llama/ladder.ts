import {
  FAST_PRICE,
  hasHalfPrecisionOnArm,
  isAboveAvx2,
  type Ladder,
  type LadderInput,
  NEW_X86_FLAGS,
  type Rung,
  rung,
} from "../ladder.ts";
import type { Arithmetic } from "../manifest.ts";

/** What ggml's explicit x86 options turn on; GGML_NATIVE=OFF alone leaves some of them on. */
const X86_OPTIONS = ["SSE42", "AVX", "AVX2", "FMA", "F16C", "BMI2"];

/** Whether ggml, compiled natively for such a CPU, sums dot products in half precision. */
function hasHalfPrecisionSums(arch: string, features: readonly string[]): boolean {
  if (arch === "x64") return features.includes("avx512_fp16");
  return arch === "arm64" && hasHalfPrecisionOnArm(features);
}

function effectiveArithmetic(wanted: Arithmetic, arch: string, features: readonly string[]): Arithmetic {
  return wanted === "fast" && hasHalfPrecisionSums(arch, features) ? "fast" : "safe";
}

/**
 * Why these: sums in half precision overflow in real models; AMX as compiled by GCC up to 12 kills the process
 * (tile-config.h mends it, and mended it is worth two to three times the prefill); behind that, whatever else a
 * compiler, a hypervisor or a CPU gets wrong is hoped to be in the newest instructions.
 */
function rungs(input: LadderInput): readonly Rung[] {
  const { arch, features, arithmetic, unknownFlags = [] } = input;
  const has = (...names: string[]): boolean => names.every((name) => features.includes(name));
  const knownOf = (...flags: string[]): string[] => flags.filter((flag) => !unknownFlags.includes(flag));
  const half = hasHalfPrecisionSums(arch, features);
  const fast = half && arithmetic === "fast";
  const safety = half && !fast;
  const price = fast ? [FAST_PRICE] : [];

  if (arch === "x64") {
    const singleSums = safety ? knownOf("-mno-avx512fp16") : [];
    const amx = has("amx_tile");
    const aboveAvx2 = isAboveAvx2(features);
    return [
      rung({
        name: "native",
        why: `all that this CPU has${amx ? ", AMX mended" : ""}${safety ? ", sums in single precision" : ""}`,
        headers: amx ? ["tile-config.h"] : [],
        flags: singleSums,
        defines: ["GGML_NATIVE=ON"],
        gaveUp: price,
      }),
      ...(amx
        ? [
            rung({
              name: "native-without-amx",
              why: "all that this CPU has but AMX",
              flags: [...singleSums, ...knownOf("-mno-amx-tile", "-mno-amx-int8", "-mno-amx-bf16")],
              defines: ["GGML_NATIVE=ON"],
              gaveUp: ["AMX: prefill takes two to three times as long", ...price],
            }),
          ]
        : []),
      ...(aboveAvx2 && has("avx2", "fma", "f16c", "bmi2")
        ? [
            rung({
              name: "avx2",
              why: "AVX2, FMA, F16C and BMI2, nothing newer",
              defines: ["GGML_NATIVE=OFF", ...X86_OPTIONS.map((name) => `GGML_${name}=ON`)],
              gaveUp: ["AVX-512 and what came after it: slower, mostly at prefill"],
            }),
          ]
        : []),
      rung({
        name: "portable",
        why: "what every x86-64 CPU has",
        defines: ["GGML_NATIVE=OFF", ...X86_OPTIONS.map((name) => `GGML_${name}=OFF`)],
        gaveUp: ["all vector instructions after SSE2: several times slower"],
      }),
    ];
  }

  if (arch === "arm64") {
    const dotProduct = features.some((name) => /^asimddp$|FEAT_DotProd$/.test(name));
    const aboveDotProduct = features.some((name) => /^(sve|sme|i8mm|asimdhp)|FEAT_(FP16|I8MM|SME)/.test(name));
    return [
      rung({
        name: "native",
        why: `all that this CPU has${safety ? ", sums in single precision" : ""}`,
        headers: safety ? ["single-precision.h"] : [],
        defines: ["GGML_NATIVE=ON"],
        gaveUp: price,
      }),
      ...(dotProduct && aboveDotProduct
        ? [
            rung({
              name: "dotprod",
              why: "ARMv8.2 with integer dot products, nothing newer",
              defines: ["GGML_NATIVE=OFF", "GGML_CPU_ARM_ARCH=armv8.2-a+dotprod"],
              gaveUp: ["SVE, SME and matrix instructions: slower, mostly at prefill"],
            }),
          ]
        : []),
      rung({
        name: "portable",
        why: "what every 64-bit ARM CPU has",
        defines: ["GGML_NATIVE=OFF", "GGML_CPU_ARM_ARCH=armv8-a"],
        gaveUp: ["all instructions after ARMv8.0: several times slower"],
      }),
    ];
  }

  return [
    rung({ name: "native", why: "all that this CPU has", defines: ["GGML_NATIVE=ON"] }),
    rung({
      name: "portable",
      why: "the compiler's own default for this architecture",
      defines: ["GGML_NATIVE=OFF"],
      gaveUp: ["this CPU's own instructions: slower"],
    }),
  ];
}

export const llamaLadder: Ladder = {
  version: 1,
  newFlags: NEW_X86_FLAGS,
  arithmetic: effectiveArithmetic,
  rungs,
};
