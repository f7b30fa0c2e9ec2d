import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { readMachine } from "../../src/machine/read.ts";
import { changesOf, limitsOf, type MachineLimits, watchLimits } from "../../src/machine/watch.ts";
import { unpackMachine } from "../fixtures/machines/unpack.ts";

const GIB = 1024 ** 3;
const limits: MachineLimits = { cpus: [0, 1, 2, 3], cpuQuota: null, memoryLimit: null };

test("limits that differ are told in words", () => {
  expect(changesOf(limits, { cpus: [0, 1], cpuQuota: 1.5, memoryLimit: 4 * GIB })).toEqual([
    "CPUs 0-3 -> 0-1",
    "CPU quota none -> 1.5",
    "memory limit none -> 4096 MiB",
  ]);
  expect(changesOf(limits, { ...limits, cpus: [3, 2, 1, 0] })).toEqual([]);
});

test("a list of CPUs that can't be read is no change", () => {
  expect(changesOf(limits, { ...limits, cpus: null })).toEqual([]);
  expect(changesOf({ ...limits, cpus: null }, limits)).toEqual([]);
});

/** A machine of files that is watched, and what is told of it. */
async function watched(name: string) {
  const folder = await unpackMachine(name);
  const end = new AbortController();
  const told: string[][] = [];
  let heard: () => void = () => {};
  const over = watchLimits(
    limitsOf(await readMachine({ root: folder.root })),
    async (now, before) => {
      told.push(changesOf(before, now));
      heard();
    },
    { root: folder.root, interval: 5, signal: end.signal },
  );
  opened.push(async () => {
    end.abort();
    await over;
    await folder[Symbol.asyncDispose]();
  });
  return {
    told,
    write: (file: string, text: string) => writeFile(path.join(folder.root, file), text),
    next: () =>
      new Promise<void>((resolve) => {
        heard = resolve;
      }),
  };
}

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

describe("a machine whose limits change", () => {
  test("quota, memory and affinity of a v2 container, each told once", async () => {
    const { told, write, next } = await watched("container-quota");
    let heard = next();
    await write("/sys/fs/cgroup/cpu.max", "400000 100000\n");
    await heard;
    heard = next();
    await write("/sys/fs/cgroup/memory.max", `${4 * GIB}\n`);
    await heard;
    heard = next();
    await write("/proc/self/status", "Cpus_allowed_list:\t2-3\n");
    await heard;
    expect(told).toEqual([["CPU quota 1.5 -> 4"], ["memory limit 6144 MiB -> 4096 MiB"], ["CPUs 0-7 -> 2-3"]]);
  });

  test("a v1 cpuset and quota", async () => {
    const { told, write, next } = await watched("container-cgroup-v1");
    let heard = next();
    await write("/sys/fs/cgroup/cpuset/cpuset.effective_cpus", "4-5\n");
    await heard;
    heard = next();
    await write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    await heard;
    expect(told).toEqual([["CPUs 4-7 -> 4-5"], ["CPU quota 3 -> none"]]);
  });

  test("a process that is moved to another cgroup", async () => {
    const { told, write, next } = await watched("container-quota");
    await write("/sys/fs/cgroup/app/cpu.max", "50000 100000\n");
    const heard = next();
    await heard;
    await write("/proc/self/cgroup", "0::/\n");
    await next();
    expect(told).toEqual([["CPU quota 1.5 -> 0.5"], ["CPU quota 0.5 -> 1.5"]]);
  });

  test("how much memory is free is no limit", async () => {
    const { told, write, next } = await watched("container-quota");
    await write("/proc/meminfo", "MemTotal: 32873472 kB\nMemAvailable: 1000 kB\n");
    await write("/sys/fs/cgroup/memory.current", "6000000000\n");
    // Whatever came before would have been told with this, or before it.
    const heard = next();
    await write("/sys/fs/cgroup/cpu.max", "max 100000\n");
    await heard;
    expect(told).toEqual([["CPU quota 1.5 -> none"]]);
  });
});

test("what the machine is read as and what is watched agree", async () => {
  const machine = limitsOf(await readMachine());
  const end = new AbortController();
  const told: string[][] = [];
  const over = watchLimits(machine, async (now, before) => void told.push(changesOf(before, now)), {
    interval: 1,
    signal: end.signal,
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  end.abort();
  await over;
  expect(told).toEqual([]);
});
