import { expect, test } from "vitest";
import { darwinAvailable, darwinCpus } from "../../src/machine/darwin.ts";

test("an Apple chip: fast cores first, no SMT", () => {
  const sysctl =
    "hw.ncpu: 8\nhw.physicalcpu: 8\nhw.logicalcpu: 8\nhw.perflevel0.logicalcpu: 6\nhw.perflevel1.logicalcpu: 2\n";
  const cpus = darwinCpus(sysctl, 1);
  expect(cpus.map(({ kind }) => kind[0]).join("")).toBe("ppppppee");
  expect(new Set(cpus.map(({ core }) => core)).size).toBe(8);
});

test("an Intel Mac: two CPUs to a core", () => {
  expect(darwinCpus("hw.physicalcpu: 2\nhw.logicalcpu: 4\n", 1).map(({ core }) => core)).toEqual([
    "core0",
    "core0",
    "core1",
    "core1",
  ]);
});

test("without sysctl, what Node says", () => {
  expect(darwinCpus("", 4)).toHaveLength(4);
});

test("pages that could be given", () => {
  const vmStat = [
    "Mach Virtual Memory Statistics: (page size of 16384 bytes)",
    "Pages free:                               100.",
    "Pages active:                            5000.",
    "Pages inactive:                            50.",
    "Pages speculative:                          5.",
    "Pages purgeable:                            1.",
  ].join("\n");
  expect(darwinAvailable(vmStat)).toBe(156 * 16_384);
  expect(darwinAvailable("")).toBeNull();
});
