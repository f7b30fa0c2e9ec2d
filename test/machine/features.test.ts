import { expect, test } from "vitest";
import { parseCpuinfo } from "../../src/machine/cpuinfo.ts";
import { cpuFeatures, darwinFeatures, instructionSets } from "../../src/machine/features.ts";

test("only flags that all CPUs share count", () => {
  const text = [
    "processor\t: 0",
    "model name\t: Some CPU @ 2.00GHz: rev 2",
    "flags\t\t: fpu sse2 avx2 avx512f",
    "bugs\t\t: spectre_v1",
    "",
    "processor\t: 1",
    "flags\t\t: fpu sse2 avx2",
  ].join("\n");
  expect(parseCpuinfo(text)).toEqual({
    model: "Some CPU @ 2.00GHz: rev 2",
    flags: ["fpu", "sse2", "avx2"],
    cpus: [0, 1],
  });
});

test("ARM spells them Features and has no model name", () => {
  const text = "processor\t: 0\nBogoMIPS\t: 48.00\nFeatures\t: fp asimd asimddp\nCPU part\t: 0xd0b\n";
  expect(parseCpuinfo(text)).toEqual({ model: null, flags: ["fp", "asimd", "asimddp"], cpus: [0] });
});

test("flags that say nothing of instructions are left out, the rest is sorted", () => {
  expect(instructionSets(["sse2", "hypervisor", "avx2", "constant_tsc", "ibrs", "amx_tile", "avx2"])).toEqual([
    "amx_tile",
    "avx2",
    "sse2",
  ]);
});

test("macOS: what is 1 in hw.optional", () => {
  const output = "hw.optional.floatingpoint: 1\nhw.optional.arm.FEAT_DotProd: 1\nhw.optional.arm.FEAT_SME: 0\n";
  expect(darwinFeatures(output)).toEqual(["arm.FEAT_DotProd", "floatingpoint"]);
});

test("a machine without /proc/cpuinfo has no known features", async () => {
  expect(await cpuFeatures("/nonexistent")).toEqual([]);
});

test("this machine has some", async () => {
  const features = await cpuFeatures();
  expect(features.length).toBeGreaterThan(3);
  expect(features).toEqual([...new Set(features)].sort());
});
