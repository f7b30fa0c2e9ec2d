import { describe, expect, it } from "vitest";
import { parseCpuList, seatsOf } from "../../bench/kit/affinity.ts";
import { parseStat } from "../../bench/kit/process-cpu.ts";

it("reads a process's times though its name has spaces and parentheses", () => {
  const line = "4242 (a (b) c) S 17 4242 4242 0 -1 4194560 1000 0 0 0 150 25 40 5 20 0 3 0 1000 0 0";
  expect(parseStat(line)).toEqual({ pid: 4242, parent: 17, own: 1750, ended: 450 });
});

describe("CPU lists and seats", () => {
  it("reads lists as the kernel writes them", () => {
    expect(parseCpuList("0-2,5\n")).toEqual([0, 1, 2, 5]);
    expect(parseCpuList("")).toEqual([]);
  });

  it("never seats a front with the client or the worker", () => {
    expect(seatsOf([0, 1])).toEqual({ client: [0], worker: [0], front: [1] });
    expect(seatsOf([2, 3, 4, 7])).toEqual({ client: [2], worker: [3, 4], front: [7] });
    expect(seatsOf([3])).toEqual({ client: [], worker: [], front: [] });
  });
});
