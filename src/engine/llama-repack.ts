import type { Machine } from "../machine/machine.ts";
import type { MatrixGroup, ModelDescription } from "../model/description.ts";

/** Which matrices an instruction set has a layout of its own for. */
interface Layout {
  readonly types: readonly string[];
  /** Rows come in multiples of this, */
  readonly rows: number;
  /** and weights in a row in multiples of this. */
  readonly columns: number;
  /** Dimensions of what it multiplies; 3 are those of experts. */
  readonly dimensions: readonly number[];
  /** Bytes of its copy for each byte of the file; default 1. */
  readonly growth?: Readonly<Record<string, number>>;
}

/**
 * Bytes of weights that llama.cpp v0.5.0 copies into private memory of each worker, in a layout of their own for this CPU.
 * What is multiplied with is copied, and a matrix that is the embedding, too, is kept both ways. The file's pages stay
 * mapped: the copies come on top. A build that had to go without AMX repacks less than this says.
 */
export function repackedBytes(machine: Machine, { matrices }: Pick<ModelDescription, "matrices">): number {
  const layouts = layoutsOf(machine);
  return matrices.reduce((sum, group) => sum + copyOf(group, layouts), 0);
}

/** Bytes of the file that no worker reads any more once it has repacked them. */
export function replacedBytes(machine: Machine, { matrices }: Pick<ModelDescription, "matrices">): number {
  const layouts = layoutsOf(machine);
  const replaced = matrices.filter((group) => group.use === "multiplied" && copyOf(group, layouts) > 0);
  return replaced.reduce((sum, { bytes }) => sum + bytes, 0);
}

function copyOf({ type, shape, use, bytes }: MatrixGroup, layouts: readonly Layout[]): number {
  if (use === "looked up") return 0;
  const name = type.toUpperCase();
  const [columns = 0, rows = 0] = shape;
  const layout = layouts.find(
    (candidate) =>
      candidate.types.includes(name) &&
      candidate.dimensions.includes(shape.length) &&
      rows % candidate.rows === 0 &&
      columns % candidate.columns === 0,
  );
  return layout === undefined ? 0 : Math.ceil(bytes * (layout.growth?.[name] ?? 1));
}

/** In the order in which the engine asks them (`ggml_backend_cpu_get_extra_buffer_types`). */
function layoutsOf({ arch, features }: Pick<Machine, "arch" | "features">): readonly Layout[] {
  const has = (...names: string[]) => names.some((name) => features.includes(name));
  if (arch === "arm64") return has("asimddp", "i8mm", "arm.FEAT_DotProd", "arm.FEAT_I8MM") ? ARM : [];
  if (arch !== "x64") return [];
  return [
    ...(has("amx_tile") && has("amx_int8") && has("avx512_vnni") ? AMX : []),
    ...(has("avx2", "avx2_0") ? [interleaved(8, ["Q4_0", "Q4_K", "IQ4_NL", "MXFP4"])] : []),
    ...(has("avx512f") ? [interleaved(8, ["Q2_K"])] : []),
  ];
}

/** `ggml_repack_get_optimal_repack_type` in ggml/src/ggml-cpu/repack.cpp: so many rows side by side, any whole blocks. */
function interleaved(rows: number, types: readonly string[]): Layout {
  return { types, rows, columns: 1, dimensions: [2, 3] };
}

const ARM = [interleaved(4, ["Q4_0", "Q8_0", "IQ4_NL", "MXFP4"]), interleaved(8, ["Q4_K", "Q5_K", "Q6_K"])];

/**
 * `supports_op` in ggml/src/ggml-cpu/amx/amx.cpp, and `get_row_size` in mmq.cpp: two tiles of 16 rows. F16 is copied as
 * it is. Q8_0 gets 4 bytes of compensation for each block of 34, Q4_K and Q5_K as many for each of 144 and 176, IQ4_XS
 * 2 for each of 136.
 */
const AMX: readonly Layout[] = [
  { types: ["Q4_0", "Q4_1", "Q8_0"], rows: 32, columns: 32, dimensions: [2], growth: { Q8_0: 38 / 34 } },
  {
    types: ["Q4_K", "Q5_K", "Q6_K", "IQ4_XS"],
    rows: 32,
    columns: 256,
    dimensions: [2],
    growth: { Q4_K: 148 / 144, Q5_K: 180 / 176, IQ4_XS: 138 / 136 },
  },
  { types: ["F16"], rows: 32, columns: 16, dimensions: [2] },
];
