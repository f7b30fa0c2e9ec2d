import { expect, test } from "vitest";
import { formatCpuList, parseCpuList } from "../../src/machine/cpulist.ts";

test("reads the kernel's lists", () => {
  expect(parseCpuList("0-3,8\n")).toEqual([0, 1, 2, 3, 8]);
  expect(parseCpuList("5,0-1,1")).toEqual([0, 1, 5]);
});

test("anything else is null", () => {
  const broken = [null, "", "all", "3-1", "0-", "-1", "0,,1", "0-4000000000"];
  expect(broken.map(parseCpuList)).toEqual(broken.map(() => null));
});

test("writes them as short as the kernel does", () => {
  expect([[0, 1, 2, 3, 8], [5], [9, 7, 8, 7], []].map(formatCpuList)).toEqual(["0-3,8", "5", "7-9", ""]);
});
