import type { Machine } from "../machine/machine.ts";

/** The widest vectors that the engine's kernels use. */
export type Simd = "avx512" | "avx2" | "neon" | "other";

/** A machine as the cost model sees it: cores of one kind, caches and memory they share. */
export interface Host {
  /** As Node and the kernel's headers name it: "x64", "arm64". */
  readonly arch: string;
  readonly sockets: number;
  /** Physical and usable, of all sockets; no more than the CPU quota pays for. */
  readonly cores: number;
  readonly threadsPerCore: number;
  /** Last-level caches of all sockets. */
  readonly cacheGroups: number;
  /** Peak of the memory of all sockets, bytes a second. */
  readonly bandwidth: number;
  readonly simd: Simd;
}

/**
 * What a plan may count on: performance cores only, since all threads of a worker wait for its slowest. The system does
 * not tell the bandwidth of memory, so that is a guess by class of machine (see `peakBandwidth`).
 */
export function hostOf(machine: Machine): Host {
  const fast = machine.cpus.filter(({ kind }) => kind === "performance");
  const cpus = fast.length > 0 ? fast : machine.cpus;
  const count = (keyOf: (cpu: (typeof cpus)[number]) => string | number) => new Set(cpus.map(keyOf)).size;
  const physical = count(({ core }) => core);
  const sockets = count((cpu) => cpu.package);
  const cores = Math.max(1, Math.min(physical, Math.floor(machine.cpuQuota ?? physical)));
  return {
    arch: machine.arch,
    sockets,
    cores,
    threadsPerCore: Math.max(1, Math.round(cpus.length / physical)),
    cacheGroups: Math.max(
      sockets,
      count(({ cacheGroup, package: socket }) => `${socket} ${cacheGroup ?? "unknown"}`),
    ),
    bandwidth: peakBandwidth(machine, sockets, cores),
    simd: simdOf(machine.arch, machine.features),
  };
}

const GB = 1e9;

/**
 * Peak bandwidth by class of machine, from data sheets: a server's socket has 8 channels of DDR4-3200 (205 GB/s: Ice
 * Lake, Milan, Altra), a newer one 8 to 12 of DDR5-4800 (307 to 461 GB/s: Sapphire Rapids, Genoa); a desktop or laptop 2
 * channels of DDR4-3200 (51 GB/s) or DDR5-4800 (77 GB/s). A few cores of a server cannot draw all of it: 2 cores of an
 * EPYC VM read weights at 31 GB/s, two thirds of what is counted for them here.
 */
function peakBandwidth({ cpuModel, os, features }: Machine, sockets: number, cores: number): number {
  if (os === "darwin") return 100 * GB;
  const isNew = ["avx512_bf16", "amx_tile", "avx_vnni", "sve", "i8mm"].some((feature) => features.includes(feature));
  const isServer = /xeon|epyc|ampere|neoverse|graviton|kunpeng/i.test(cpuModel) || cores / sockets > 16;
  if (!isServer) return (isNew ? 77 : 51) * GB;
  return Math.min(sockets * (isNew ? 307 : 205), cores * 24) * GB;
}

function simdOf(arch: string, features: readonly string[]): Simd {
  if (arch === "arm64") return "neon";
  if (features.includes("avx512f")) return "avx512";
  return features.includes("avx2") ? "avx2" : "other";
}
