import { expect, it } from "vitest";
import { jobsFor, proofThreads } from "../../build-scripts/jobs.ts";
import type { Machine } from "../../src/machine/machine.ts";

const GIB = 1024 ** 3;

function machine(cpus: number, gib: number, cpuQuota: number | null = null) {
  const one: Machine["cpus"][number] = {
    ...{ id: 0, core: "0", package: 0, node: 0, cacheGroup: null, kind: "performance" },
  };
  return {
    cpus: Array.from({ length: cpus }, (_, id) => ({ ...one, id })),
    memory: { total: gib * GIB, available: gib * GIB, limit: null },
    cpuQuota,
  };
}

it("compiles with one job a CPU, fewer where memory is short, at least one", () => {
  expect(jobsFor(machine(8, 64))).toBe(8);
  expect(jobsFor(machine(8, 4))).toBe(2);
  expect(jobsFor(machine(8, 0.5))).toBe(1);
});

it("proves with no more threads than there are CPUs, whatever way they are limited", () => {
  expect(proofThreads(machine(96, 64))).toBe(2);
  expect(proofThreads(machine(1, 64))).toBe(1);
  expect(proofThreads(machine(8, 64, 0.5))).toBe(1);
  expect(proofThreads(machine(8, 64, 1.5))).toBe(2);
});
