import { z } from "zod";
import type { Host, Simd } from "../../src/plan/host.ts";

const description = z.object({
  arch: z.string(),
  sockets: z.int().positive(),
  cores: z.int().positive(),
  threads_per_core: z.int().positive(),
  l3_groups: z.int().positive(),
  memory_gb_per_s: z.number().positive(),
  simd: z.string(),
});

/**
 * A file of described hosts, by name; "_" is a remark.
 *
 * @throws Error that names the host and the field, or says that it is no JSON.
 */
export function parseHosts(json: string): Map<string, Host> {
  const entries = Object.entries(z.record(z.string(), z.unknown()).parse(parseJson(json)));
  return new Map(entries.filter(([name]) => name !== "_").map(([name, entry]) => [name, hostFrom(name, entry)]));
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new Error(`The file of hosts is no JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function hostFrom(name: string, entry: unknown): Host {
  const { success, data, error } = description.safeParse(entry);
  if (!success) throw new Error(`Host ${name} is not described well:\n${z.prettifyError(error)}`);
  return {
    arch: data.arch,
    sockets: data.sockets,
    cores: data.cores,
    threadsPerCore: data.threads_per_core,
    cacheGroups: data.l3_groups,
    bandwidth: data.memory_gb_per_s * 1e9,
    simd: simdFrom(data.simd),
  };
}

function simdFrom(text: string): Simd {
  const words = text.toLowerCase();
  if (/neon|sve|asimd/.test(words)) return "neon";
  if (/avx512|amx/.test(words)) return "avx512";
  return words.includes("avx2") ? "avx2" : "other";
}
