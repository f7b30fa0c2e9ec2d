import { parseCpuList } from "./cpulist.ts";
import type { NumaNode } from "./machine.ts";
import { parseMeminfo } from "./memory.ts";
import type { ReadText } from "./text-file.ts";

/** The nodes that are online; none where the kernel knows no NUMA. A node without CPUs is memory only. */
export async function readNumaNodes(read: ReadText): Promise<NumaNode[]> {
  const ids = parseCpuList(await read("/sys/devices/system/node/online")) ?? [];
  return Promise.all(
    ids.map(async (id) => {
      const folder = `/sys/devices/system/node/node${id}`;
      const [cpus, meminfo] = await Promise.all([read(`${folder}/cpulist`), read(`${folder}/meminfo`)]);
      return { id, cpus: parseCpuList(cpus) ?? [], memory: parseMeminfo(meminfo ?? "").MemTotal ?? 0 };
    }),
  );
}
