import os from "node:os";
import { readUsableCpus } from "./affinity.ts";
import { readCgroups } from "./cgroup.ts";
import { type Cpuinfo, parseCpuinfo } from "./cpuinfo.ts";
import { readDarwin } from "./darwin.ts";
import { instructionSets } from "./features.ts";
import type { Machine } from "./machine.ts";
import { readMemory } from "./memory.ts";
import { readNumaNodes } from "./numa.ts";
import { readCpuQuota } from "./quota.ts";
import { textReader } from "./text-file.ts";
import { readTopology } from "./topology.ts";

/**
 * What this machine is and what this process may use of it. Never throws: where files are missing or broken, the answer
 * is what Node itself knows.
 *
 * @param options.root "/" (default) for this machine. Another folder is read as a Linux machine described by its /proc,
 * /sys and cgroup files, and nothing of this machine gets in: without files, it is one CPU without memory.
 */
export async function readMachine({ root = "/" }: { root?: string | undefined } = {}): Promise<Machine> {
  const isThisMachine = root === "/";
  if (isThisMachine && process.platform === "darwin") return readDarwin();

  const read = textReader(root);
  const cpuinfo = parseCpuinfo((await read("/proc/cpuinfo")) ?? "");
  const cgroups = await readCgroups(read);
  const numaNodes = await readNumaNodes(read);
  const ids = await readUsableCpus(read, cgroups, cpuinfo.cpus);
  return {
    os: isThisMachine ? process.platform : "linux",
    arch: isThisMachine ? process.arch : archOf(cpuinfo),
    cpuModel: cpuinfo.model ?? (await read("/proc/device-tree/model"))?.replaceAll("\0", "") ?? "unknown",
    features: instructionSets(cpuinfo.flags),
    cpus: await readTopology(read, ids ?? range(isThisMachine ? os.availableParallelism() : 1), numaNodes),
    cpuQuota: await readCpuQuota(read, cgroups),
    memory: (await readMemory(read, cgroups)) ?? {
      total: isThisMachine ? os.totalmem() : 0,
      available: isThisMachine ? os.freemem() : 0,
      limit: null,
    },
    numaNodes,
    cgroup: cgroups.version,
  };
}

/** Long mode is what makes an x86 64 bits wide; every 64-bit ARM has asimd. */
function archOf({ flags }: Cpuinfo): string {
  if (flags.includes("lm")) return "x64";
  return flags.includes("asimd") ? "arm64" : "unknown";
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, id) => id);
}
