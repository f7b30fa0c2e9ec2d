import type { Machine } from "../machine/machine.ts";

/**
 * The tensor types whose weights llama.cpp v0.5.0 copies into a layout of its own for this CPU. Read in its sources:
 * `ggml_repack_get_optimal_repack_type` in ggml/src/ggml-cpu/repack.cpp and `qtype_has_amx_kernels` in amx/common.h.
 */
export function repackedTypes({ arch, features }: Pick<Machine, "arch" | "features">): ReadonlySet<string> {
  const has = (...names: string[]) => names.some((name) => features.includes(name));
  const types: string[] = [];
  if (arch === "arm64" && has("asimddp", "i8mm", "arm.FEAT_DotProd", "arm.FEAT_I8MM"))
    types.push("Q4_0", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "MXFP4");
  if (arch === "x64" && has("avx2", "avx2_0")) types.push("Q4_0", "Q4_K", "IQ4_NL", "MXFP4");
  if (arch === "x64" && has("avx512f")) types.push("Q2_K");
  if (arch === "x64" && has("amx_tile") && has("amx_int8"))
    types.push("Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS");
  return new Set(types);
}
