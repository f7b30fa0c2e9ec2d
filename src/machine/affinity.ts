import type { Cgroups } from "./cgroup.ts";
import { parseCpuList } from "./cpulist.ts";
import type { ReadText } from "./text-file.ts";

/**
 * The CPUs this process may run on: online, in its affinity mask and in the cpusets of all its cgroups. A list that is
 * missing, broken or contradicts the others is ignored. Null where the system does not tell which CPUs there are.
 */
export async function readUsableCpus(
  read: ReadText,
  cgroups: Cgroups,
  listed: readonly number[],
): Promise<number[] | null> {
  const online = parseCpuList(await read("/sys/devices/system/cpu/online")) ?? (listed.length > 0 ? [...listed] : null);
  if (online === null) return null;
  const status = (await read("/proc/self/status")) ?? "";
  const affinity = parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? null);
  const cpusets = cgroups.levels("cpuset").flatMap((folder) =>
    // The effective set is what the kernel made of the wish; v1 spells it otherwise.
    ["cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"].map((file) => read(`${folder}/${file}`)),
  );
  const masks = [affinity, ...(await Promise.all(cpusets)).map(parseCpuList)].filter((mask) => mask !== null);
  return masks.reduce((usable, mask) => {
    const both = usable.filter((id) => mask.includes(id));
    return both.length > 0 ? both : usable;
  }, online);
}
