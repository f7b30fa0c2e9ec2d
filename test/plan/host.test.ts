import { expect, it } from "vitest";
import { type Host, hostOf } from "../../src/plan/host.ts";
import { knownMachine } from "./known-machine.ts";

const HOSTS: readonly (readonly [machine: string, host: Partial<Host>])[] = [
  ["vps-2-cores", { arch: "x64", sockets: 1, cores: 2, threadsPerCore: 1, cacheGroups: 1, simd: "avx2" }],
  ["desktop-16-cores", { cores: 16, threadsPerCore: 2, cacheGroups: 2, bandwidth: 51e9, simd: "avx512" }],
  ["server-2-sockets", { sockets: 2, cores: 96, threadsPerCore: 2, cacheGroups: 2, bandwidth: 614e9, simd: "avx512" }],
  // Performance cores only: threads of a worker wait for the slowest.
  ["laptop-hybrid", { cores: 6, threadsPerCore: 2, simd: "avx2" }],
  ["board-aarch64", { arch: "arm64", cores: 4, threadsPerCore: 1, simd: "neon" }],
  // What the quota pays for, not what there is.
  ["container-cgroup-v1", { cores: 3, bandwidth: 72e9 }],
  ["container-quota", { cores: 1, bandwidth: 24e9 }],
];

it.each(HOSTS)("sees %s as one class of cores", async (name, host) => {
  expect(hostOf(await knownMachine(name))).toMatchObject(host);
});
