import os from "node:os";
import { execa } from "execa";
import { cpuFeatures } from "./features.ts";
import type { Cpu, Machine } from "./machine.ts";

/** macOS tells counts, not places: no affinity, no NUMA, no cgroups. Whatever it does not tell, Node's `os` does. */
export async function readDarwin(): Promise<Machine> {
  const [sysctl, pages, features] = await Promise.all([output("sysctl", ["hw"]), output("vm_stat", []), cpuFeatures()]);
  const total = os.totalmem();
  return {
    os: "darwin",
    arch: process.arch,
    cpuModel: os.cpus()[0]?.model ?? "unknown",
    features,
    cpus: darwinCpus(sysctl, os.availableParallelism()),
    cpuQuota: null,
    memory: { total, available: Math.min(total, darwinAvailable(pages) ?? os.freemem()), limit: null },
    numaNodes: [],
    cgroup: null,
  };
}

/**
 * CPUs from the counts of `sysctl hw`. Apple's own chips have two levels (0 is the fast one) and no SMT; on Intel's the
 * siblings follow each other. The ids are made up: nothing can be pinned to them.
 */
export function darwinCpus(sysctl: string, fallback: number): Cpu[] {
  const numbers = new Map(
    [...sysctl.matchAll(/^hw\.(\S+):\s*(\d+)$/gm)].map(([, name, value]) => [name, Number(value)]),
  );
  const logical = numbers.get("logicalcpu") ?? fallback;
  const perCore = Math.max(1, Math.round(logical / (numbers.get("physicalcpu") ?? logical)));
  const fast = numbers.get("perflevel0.logicalcpu") ?? logical;
  return Array.from({ length: logical }, (_, id) => ({
    id,
    core: `core${Math.floor(id / perCore)}`,
    package: 0,
    node: 0,
    cacheGroup: null,
    kind: id < fast ? "performance" : "efficiency",
  }));
}

/** Bytes that could be allocated: what `vm_stat` counts as free or given up without writing; null if it is unreadable. */
export function darwinAvailable(vmStat: string): number | null {
  const pageSize = Number(/page size of (\d+) bytes/.exec(vmStat)?.[1]);
  const counts = ["free", "inactive", "speculative", "purgeable"].map((kind) =>
    Number(new RegExp(`^Pages ${kind}:\\s+(\\d+)`, "m").exec(vmStat)?.[1] ?? 0),
  );
  const bytes = counts.reduce((sum, count) => sum + count, 0) * pageSize;
  return bytes > 0 ? bytes : null;
}

async function output(program: string, args: string[]): Promise<string> {
  const { stdout } = await execa(program, args, { reject: false });
  return stdout ?? "";
}
