/** What the machine is, as far as a plan cares. Plain data, so that a test can describe any machine. */
export interface Machine {
  readonly os: NodeJS.Platform;
  readonly arch: string;
  /** As the vendor names it, for people. */
  readonly cpuModel: string;
  /** Instruction set extensions as the kernel spells them, sorted, without duplicates. */
  readonly features: readonly string[];
  /** The CPUs this process may run on: online, and in its affinity and cpuset. Sorted by id, never empty. */
  readonly cpus: readonly Cpu[];
  /** CPU time allowed by cgroups, in CPUs (1.5 = one and a half), the least over all levels; null without a quota. */
  readonly cpuQuota: number | null;
  readonly memory: Memory;
  readonly numaNodes: readonly NumaNode[];
  /** The cgroup version that governs CPU and memory (1 where v1 and v2 are mounted side by side); null without. */
  readonly cgroup: 1 | 2 | null;
}

export interface Cpu {
  /** The kernel's number, as in /sys/devices/system/cpu/cpuN. */
  readonly id: number;
  /** Same for SMT siblings, different for any two physical cores of the machine. */
  readonly core: string;
  readonly package: number;
  readonly node: number;
  /** Same for CPUs that share a last-level cache; null where unknown. */
  readonly cacheGroup: string | null;
  /** Of a hybrid CPU; "performance" where all are alike. */
  readonly kind: "performance" | "efficiency";
}

/** Bytes. */
export interface Memory {
  readonly total: number;
  /** What could be allocated now without swapping (MemAvailable), capped by what the cgroup limits leave. */
  readonly available: number;
  /** The least memory limit over all cgroup levels; null without one. */
  readonly limit: number | null;
}

export interface NumaNode {
  readonly id: number;
  /** All of the node's CPUs, usable or not. */
  readonly cpus: readonly number[];
  /** Bytes. */
  readonly memory: number;
}
