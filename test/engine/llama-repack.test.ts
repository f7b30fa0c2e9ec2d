import { describe, expect, test } from "vitest";
import { repackedBytes, replacedBytes } from "../../src/engine/llama-repack.ts";
import type { Machine } from "../../src/machine/machine.ts";
import type { MatrixGroup } from "../../src/model/description.ts";
import { knownMachine } from "../plan/known-machine.ts";
import { eightBillion } from "../plan/models.ts";

const MIB = 1024 ** 2;

const avx2 = ["avx2"];
const avx512 = [...avx2, "avx512f", "avx512_vnni"];
const amx = [...avx512, "amx_tile", "amx_int8"];

async function repacked(features: string[], group: Partial<MatrixGroup>, arch = "x64"): Promise<number> {
  const machine: Machine = { ...(await knownMachine("vps-2-cores")), arch, features };
  const matrix: MatrixGroup = { type: "Q4_0", shape: [1024, 1024], use: "multiplied", bytes: 340, ...group };
  return repackedBytes(machine, { matrices: [matrix] });
}

test("what is repacked stands for the file's, unless it is looked up as well", async () => {
  const machine: Machine = { ...(await knownMachine("vps-2-cores")), arch: "x64", features: amx };
  const matrix: MatrixGroup = { type: "Q8_0", shape: [1024, 1024], use: "multiplied", bytes: 340 };
  const replaced = (group: Partial<MatrixGroup>) => replacedBytes(machine, { matrices: [{ ...matrix, ...group }] });
  expect(replaced({})).toBe(340);
  expect(replaced({ use: "both" })).toBe(0);
  expect(replaced({ type: "F32" })).toBe(0);
});

describe("repacked weights", () => {
  test.each<[string, string[], Partial<MatrixGroup>, number]>([
    ["Q4_0 with AVX2", avx2, {}, 340],
    ["Q4_K with AVX2", avx2, { type: "Q4_K" }, 340],
    ["nothing without AVX2", ["avx"], {}, 0],
    ["no Q8_0 with AVX512", avx512, { type: "Q8_0" }, 0],
    ["no Q6_K with AVX512", avx512, { type: "Q6_K" }, 0],
    ["no Q2_K with AVX2", avx2, { type: "Q2_K" }, 0],
    ["Q2_K with AVX512", avx512, { type: "Q2_K" }, 340],
    ["no F16 with AVX512", avx512, { type: "F16" }, 0],
    ["Q8_0 with AMX, and its compensation", amx, { type: "Q8_0" }, 380],
    ["Q6_K with AMX", amx, { type: "Q6_K" }, 340],
    ["F16 with AMX, as it is", amx, { type: "F16" }, 340],
    ["no AMX without VNNI", ["avx2", "amx_tile", "amx_int8"], { type: "Q8_0" }, 0],
    ["no embeddings", avx2, { use: "looked up" }, 0],
    ["embeddings that are the output, a second time", avx2, { use: "both" }, 340],
    ["no rows but in eights", avx2, { shape: [1024, 1001] }, 0],
    ["experts of Q4_0 with AVX2", avx2, { shape: [1024, 768, 64] }, 340],
    ["experts of Q4_0 with AMX by AVX2's layout", amx, { shape: [1024, 768, 64] }, 340],
    ["no experts of Q8_0 with AMX", amx, { type: "Q8_0", shape: [1024, 768, 64] }, 0],
    ["Q4_K with AMX, not in rows of 896, but by AVX2's layout", amx, { type: "Q4_K", shape: [896, 1024] }, 340],
    ["no Q8_0 with AMX but in rows of 32", amx, { type: "Q8_0", shape: [1024, 1000] }, 0],
  ])("%s", async (_, features, group, bytes) => {
    expect(await repacked(features, group)).toBe(bytes);
  });

  test("on ARM Q8_0 too, by fours", async () => {
    expect(await repacked(["asimddp"], { type: "Q8_0", shape: [1024, 12] }, "arm64")).toBe(340);
    expect(await repacked(["asimddp"], { type: "Q4_K", shape: [1024, 12] }, "arm64")).toBe(0);
    expect(await repacked([], { type: "Q8_0" }, "arm64")).toBe(0);
  });

  test("of an 8B Q4_K_M on known machines", async () => {
    const on = async (name: string) => Math.round(repackedBytes(await knownMachine(name), eightBillion) / MIB);
    expect(await on("desktop-16-cores")).toBe(3218);
    expect(await on("board-aarch64")).toBe(3218 + 411 + 769);
    expect(await on("server-2-sockets")).toBe(Math.round((3218 * 148) / 144) + 411 + 769);
  });
});
