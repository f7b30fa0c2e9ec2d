import { describe, expect, test } from "vitest";
import { formatCpuList } from "../../src/machine/cpulist.ts";
import type { Machine } from "../../src/machine/machine.ts";
import { readMachine } from "../../src/machine/read.ts";
import { unpackFiles, unpackMachine } from "../fixtures/machines/unpack.ts";

async function machineOf(name: string): Promise<Machine> {
  await using folder = await unpackMachine(name);
  return await readMachine({ root: folder.root });
}

/** The lines a person would compare with the description: CPUs by package, node, cache and kind, one a physical core. */
function summary(machine: Machine): Record<string, unknown> {
  const cores = new Map(machine.cpus.map((cpu) => [cpu.core, cpu]));
  const places = new Map<string, number[]>();
  for (const { id, package: packageId, node, cacheGroup, kind } of machine.cpus) {
    const place = `package ${packageId} node ${node} cache ${cacheGroup ?? "-"} ${kind}`;
    places.set(place, [...(places.get(place) ?? []), id]);
  }
  return {
    arch: machine.arch,
    cores: cores.size,
    places: Object.fromEntries([...places].map(([place, ids]) => [place, formatCpuList(ids)])),
    quota: machine.cpuQuota,
    cgroup: machine.cgroup,
    limit: machine.memory.limit,
    available: machine.memory.available,
  };
}

const GIB = 1024 ** 3;

describe("machines described by files", () => {
  test("a 2-core VPS whose CPUs pretend to be sockets", async () => {
    expect(summary(await machineOf("vps-2-cores"))).toEqual({
      arch: "x64",
      cores: 2,
      places: { "package 0 node 0 cache - performance": "0-1" },
      quota: null,
      cgroup: 2,
      limit: null,
      available: 3_500_000 * 1024,
    });
  });

  test("a 96-core server with two sockets and SMT", async () => {
    const machine = await machineOf("server-2-sockets");
    expect(summary(machine)).toMatchObject({
      cores: 96,
      places: {
        "package 0 node 0 cache cpu0 performance": "0-47,96-143",
        "package 1 node 1 cache cpu48 performance": "48-95,144-191",
      },
      quota: null,
      limit: null,
    });
    expect(machine.cpus.filter(({ core }) => core === "cpu5").map(({ id }) => id)).toEqual([5, 101]);
    expect(machine.numaNodes.map(({ id, cpus, memory }) => [id, formatCpuList(cpus), memory])).toEqual([
      [0, "0-47,96-143", 263_991_808 * 1024],
      [1, "48-95,144-191", 263_991_808 * 1024],
    ]);
    expect(machine.features).toEqual([
      "amx_int8",
      "amx_tile",
      "avx2",
      "avx512_vnni",
      "avx512f",
      "fma",
      "fpu",
      "lm",
      "sse2",
    ]);
  });

  test("a container with a quota: the least limit of all levels, file pages count as free", async () => {
    expect(summary(await machineOf("container-quota"))).toMatchObject({
      cores: 8,
      quota: 1.5,
      cgroup: 2,
      limit: 6 * GIB,
      available: 5.5 * GIB,
    });
  });

  test("a cgroup v1 container without a namespace: cpuset, quota, limit", async () => {
    expect(summary(await machineOf("container-cgroup-v1"))).toMatchObject({
      cores: 4,
      places: { "package 0 node 0 cache - performance": "4-7" },
      quota: 3,
      cgroup: 1,
      limit: 8 * GIB,
      available: 8 * GIB - 104_857_600,
    });
  });

  test("a hybrid laptop", async () => {
    expect(summary(await machineOf("laptop-hybrid"))).toMatchObject({
      cores: 14,
      places: { "package 0 node 0 cache cpu0 performance": "0-11", "package 0 node 0 cache cpu0 efficiency": "12-19" },
      cgroup: null,
    });
  });

  test("a desktop with two L3 caches", async () => {
    expect(summary(await machineOf("desktop-16-cores"))).toMatchObject({
      cores: 16,
      places: {
        "package 0 node 0 cache cpu0 performance": "0-7,16-23",
        "package 0 node 0 cache cpu8 performance": "8-15,24-31",
      },
    });
  });

  test("v1 controllers beside a v2 mount, and v1's way of writing no limit", async () => {
    expect(summary(await machineOf("limit-4-gib"))).toMatchObject({
      cores: 8,
      quota: null,
      cgroup: 1,
      limit: 4 * GIB,
      available: 4 * GIB - 67_108_864,
    });
  });

  test("an ARM board: big cores by capacity, a private L2 is no cache group", async () => {
    const machine = await machineOf("board-aarch64");
    expect(summary(machine)).toMatchObject({
      arch: "arm64",
      cores: 8,
      places: { "package 0 node 0 cache - efficiency": "0-3", "package 0 node 0 cache - performance": "4-7" },
    });
    expect(machine.cpuModel).toBe("Radxa ROCK 5B");
    expect(machine.features).toContain("asimddp");
  });
});

describe("what is missing or broken never throws", () => {
  test("an empty folder is one CPU without memory", async () => {
    await using folder = await unpackFiles({});
    expect(await readMachine({ root: folder.root })).toEqual({
      os: "linux",
      arch: "unknown",
      cpuModel: "unknown",
      features: [],
      cpus: [{ id: 0, core: "cpu0", package: 0, node: 0, cacheGroup: null, kind: "performance" }],
      cpuQuota: null,
      memory: { total: 0, available: 0, limit: null },
      numaNodes: [],
      cgroup: null,
    });
  });

  test("garbage in every file", async () => {
    await using folder = await unpackFiles({
      "/proc/cpuinfo": "processor : 0\nprocessor : 1\n::::",
      "/proc/meminfo": "MemTotal: lots",
      "/proc/self/status": "Cpus_allowed_list: 0-99999999999",
      "/proc/self/cgroup": "0::/a\nnonsense",
      "/proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\nnonsense",
      "/sys/fs/cgroup/a/cpu.max": "100 0",
      "/sys/fs/cgroup/a/memory.max": "-5",
      "/sys/devices/system/cpu/online": "3-1",
      "/sys/devices/system/cpu/cpu0/topology/core_cpus_list": "7",
      "/sys/devices/system/cpu/cpu0/cache/index0/level": "three",
      "/sys/devices/system/node/online": "0",
    });
    const machine = await readMachine({ root: folder.root });
    expect(machine.cpus.map(({ id, core }) => [id, core])).toEqual([
      [0, "cpu0"],
      [1, "cpu1"],
    ]);
    expect(machine).toMatchObject({ cpuQuota: null, memory: { total: 0, limit: null } });
  });

  test("a cgroup path that does not exist below the mount: the mount's root binds", async () => {
    await using folder = await unpackFiles({
      "/proc/meminfo": "MemTotal: 8388608 kB\nMemAvailable: 8388608 kB",
      "/proc/self/cgroup": "0::/../../kubepods/pod1/c1",
      "/proc/self/mountinfo": "30 23 0:26 / /my\\040cgroup rw - cgroup2 cgroup2 rw",
      "/my cgroup/cpu.max": "250000 100000",
      "/my cgroup/memory.high": "1073741824",
      "/my cgroup/memory.max": "2147483648",
    });
    expect(await readMachine({ root: folder.root })).toMatchObject({
      cpuQuota: 2.5,
      memory: { limit: GIB, available: GIB },
    });
  });
});

test("this machine: what Node itself may use", async () => {
  const machine = await readMachine();
  expect(machine.cpus.length).toBeGreaterThan(0);
  expect(machine.memory.available).toBeGreaterThan(0);
  expect(machine.memory.available).toBeLessThanOrEqual(machine.memory.total);
});
