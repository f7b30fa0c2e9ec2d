import { parseCpuList } from "./cpulist.ts";
import type { Cpu, NumaNode } from "./machine.ts";
import type { ReadText } from "./text-file.ts";

/** A core this much weaker than the strongest is an efficiency core; cores that merely clock higher differ by less. */
const EFFICIENCY_BELOW = 0.75;

interface RawCpu {
  readonly id: number;
  readonly siblings: readonly number[] | null;
  readonly coreId: number | null;
  readonly package: number | null;
  readonly cacheShared: readonly number[] | null;
  /** Relative compute power: the scheduler's capacity and the highest clock, where known. */
  readonly capacity: number | null;
  readonly clock: number | null;
}

/** How the given CPUs hang together. Virtual machines and ARM boards leave out or make up much of it. */
export async function readTopology(read: ReadText, ids: readonly number[], nodes: readonly NumaNode[]): Promise<Cpu[]> {
  const raw = await Promise.all(ids.map((id) => readCpu(read, id)));
  const isEfficiency = efficiencyCores(raw, await readHybridCores(read));
  const packagesAreReal = !isOneCorePerPackage(raw);
  return raw.map((cpu) => ({
    id: cpu.id,
    core: coreName(cpu),
    package: packagesAreReal ? (cpu.package ?? 0) : 0,
    node: nodes.find(({ cpus }) => cpus.includes(cpu.id))?.id ?? 0,
    cacheGroup: cacheGroup(cpu),
    kind: isEfficiency(cpu) ? "efficiency" : "performance",
  }));
}

async function readCpu(read: ReadText, id: number): Promise<RawCpu> {
  const folder = `/sys/devices/system/cpu/cpu${id}`;
  const [coreCpus, threadSiblings, coreId, packageId, capacity, clock] = await Promise.all(
    [
      "topology/core_cpus_list",
      "topology/thread_siblings_list",
      "topology/core_id",
      "topology/physical_package_id",
      "cpu_capacity",
      "cpufreq/cpuinfo_max_freq",
    ].map((file) => read(`${folder}/${file}`)),
  );
  return {
    id,
    siblings: parseCpuList(coreCpus ?? null) ?? parseCpuList(threadSiblings ?? null),
    coreId: toNumber(coreId),
    package: toNumber(packageId),
    cacheShared: await readLastCache(read, folder),
    capacity: toNumber(capacity),
    clock: toNumber(clock),
  };
}

/** The CPUs that share the cache of the highest level listed. */
async function readLastCache(read: ReadText, folder: string): Promise<number[] | null> {
  let last: { level: number; shared: number[] } | null = null;
  for (let index = 0; ; index++) {
    const level = toNumber(await read(`${folder}/cache/index${index}/level`));
    if (level === null) return last?.shared ?? null;
    const shared = parseCpuList(await read(`${folder}/cache/index${index}/shared_cpu_list`));
    if (shared && level >= (last?.level ?? 0)) last = { level, shared };
  }
}

/** Numbers that the kernel does not know read as -1. */
function toNumber(text: string | null | undefined): number | null {
  return text && /^\d+$/.test(text) ? Number(text) : null;
}

function coreName({ id, siblings, coreId, package: packageId }: RawCpu): string {
  if (siblings?.includes(id)) return `cpu${siblings[0]}`;
  if (coreId !== null && packageId !== null) return `package${packageId}.core${coreId}`;
  return `cpu${id}`;
}

/** A last level that one core has to itself is not the last: the system hides the shared one (ARM servers, VMs). */
function cacheGroup({ id, siblings, cacheShared }: RawCpu): string | null {
  const isShared = cacheShared?.some((other) => other !== id && !siblings?.includes(other));
  return isShared ? `cpu${cacheShared?.[0]}` : null;
}

/** Many VMs present each virtual CPU as a socket of its own. Nothing follows from that. */
function isOneCorePerPackage(cpus: readonly RawCpu[]): boolean {
  const cores = new Set(cpus.map(coreName));
  const packages = new Set(cpus.map((cpu) => cpu.package));
  return packages.size > 1 && packages.size === cores.size;
}

/** Intel's hybrid CPUs list both kinds by name. Empty elsewhere. */
async function readHybridCores(read: ReadText): Promise<{ performance: number[]; efficiency: number[] }> {
  const [core, atom, lowPower] = await Promise.all(
    ["cpu_core", "cpu_atom", "cpu_lowpower"].map(
      async (name) => parseCpuList(await read(`/sys/devices/${name}/cpus`)) ?? [],
    ),
  );
  return { performance: core ?? [], efficiency: [...(atom ?? []), ...(lowPower ?? [])] };
}

function efficiencyCores(
  cpus: readonly RawCpu[],
  hybrid: { performance: number[]; efficiency: number[] },
): (cpu: RawCpu) => boolean {
  if (hybrid.performance.length > 0) return ({ id }) => hybrid.efficiency.includes(id);
  const isWeak = (powerOf: (cpu: RawCpu) => number | null) => {
    const strongest = Math.max(0, ...cpus.map((cpu) => powerOf(cpu) ?? 0));
    return (cpu: RawCpu) => (powerOf(cpu) ?? strongest) < EFFICIENCY_BELOW * strongest;
  };
  const byCapacity = isWeak(({ capacity }) => capacity);
  return cpus.some(byCapacity) ? byCapacity : isWeak(({ clock }) => clock);
}
