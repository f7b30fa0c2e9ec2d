import type { Cgroups } from "./cgroup.ts";
import { leastOf } from "./least.ts";
import type { ReadText } from "./text-file.ts";

/** CPU time allowed, in CPUs: the least quota over all cgroup levels; null without one. */
export async function readCpuQuota(read: ReadText, cgroups: Cgroups): Promise<number | null> {
  const quotas = cgroups.levels("cpu").map(async (folder) => {
    const [v2, quota, period] = await Promise.all(
      ["cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us"].map((file) => read(`${folder}/${file}`)),
    );
    return v2 ? ratio(...v2.split(/\s+/)) : ratio(quota, period);
  });
  return leastOf(await Promise.all(quotas));
}

/** Microseconds of CPU time per period of wall time. "max" (v2) and -1 (v1) mean no quota. */
function ratio(quota?: string | null, period?: string | null): number | null {
  const cpus = Number(quota ?? Number.NaN) / Number(period ?? 100_000);
  return Number.isFinite(cpus) && cpus > 0 ? cpus : null;
}
