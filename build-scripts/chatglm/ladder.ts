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

/**
 * First this very CPU, then what upstream's CMake finds by itself (on x86 AVX2, FMA and F16C at most). Its ggml has no
 * code for AMX or for half-precision sums on x86, so a compiler is not given the chance to bring them in; on ARM it
 * does sum in half precision where the compiler may.
 */
function rungs({ arch, features, arithmetic, unknownFlags = [] }: LadderInput): readonly Rung[] {
  const native = arch === "arm64" || arch === "ppc64" ? "-mcpu=native" : "-march=native";
  const half = arch === "arm64" && hasHalfPrecisionOnArm(features);
  const headers = half && arithmetic === "safe" ? ["single-precision.h"] : [];
  const price = half && arithmetic === "fast" ? [FAST_PRICE] : [];
  const held = arch === "x64" ? NEW_X86_FLAGS.filter((flag) => !unknownFlags.includes(flag)) : [];
  const slower = arch !== "x64" || isAboveAvx2(features);
  const whole = rung({
    name: "native",
    why: `all that this CPU has and chatglm.cpp can use${headers.length > 0 ? ", sums in single precision" : ""}`,
    headers,
    flags: [native, ...held],
    gaveUp: price,
  });
  const upstream = rung({
    name: "upstream",
    why: "the instructions that chatglm.cpp chooses by itself",
    headers,
    gaveUp: [...(slower ? ["this CPU's newest instructions: slower, mostly at prefill"] : []), ...price],
  });
  return unknownFlags.includes(native) ? [upstream] : [whole, upstream];
}

export const chatglmLadder: Ladder = {
  version: 1,
  newFlags: ["-march=native", "-mcpu=native", ...NEW_X86_FLAGS],
  arithmetic: (wanted, arch, features) =>
    wanted === "fast" && arch === "arm64" && hasHalfPrecisionOnArm(features) ? "fast" : "safe",
  rungs,
};
