import type { Cgroups } from "./cgroup.ts";
import { leastOf } from "./least.ts";
import type { Memory } from "./machine.ts";
import type { ReadText } from "./text-file.ts";

/** A v1 limit that nobody set reads as 2^63 less a page; no machine has an exbibyte. */
const UNLIMITED = 2 ** 60;

/** Null where /proc/meminfo does not tell. */
export async function readMemory(read: ReadText, cgroups: Cgroups): Promise<Memory | null> {
  const meminfo = parseMeminfo((await read("/proc/meminfo")) ?? "");
  const total = meminfo.MemTotal;
  if (total === undefined) return null;
  const levels = await Promise.all(cgroups.levels("memory").map((folder) => readLevel(read, folder)));
  const available = meminfo.MemAvailable ?? meminfo.MemFree ?? total;
  return {
    total,
    limit: leastOf(levels.map(({ limit }) => limit)),
    available: Math.max(0, leastOf([available, ...levels.map(({ left }) => left)]) ?? available),
  };
}

/** The least memory limit over all cgroup levels, bytes; null without one. */
export async function readMemoryLimit(read: ReadText, cgroups: Cgroups): Promise<number | null> {
  return leastOf(await Promise.all(cgroups.levels("memory").map((folder) => readLimit(read, folder))));
}

/** Bytes by name; the file counts in kB. Also reads a NUMA node's, whose lines begin with "Node N". */
export function parseMeminfo(text: string): Record<string, number | undefined> {
  const lines = text.matchAll(/^(?:Node \d+ )?(\w+):\s+(\d+) kB$/gm);
  return Object.fromEntries([...lines].map(([, name, kilobytes]) => [name, Number(kilobytes) * 1024]));
}

/**
 * One cgroup's limit, and what it leaves: file pages are charged to the group too, but given back when memory is short,
 * so they are counted as free, as MemAvailable does.
 */
async function readLevel(read: ReadText, folder: string): Promise<{ limit: number | null; left: number | null }> {
  const limit = await readLimit(read, folder);
  if (limit === null) return { limit, left: null };
  const [current, v1Usage, statText] = await Promise.all(
    ["memory.current", "memory.usage_in_bytes", "memory.stat"].map((file) => read(`${folder}/${file}`)),
  );
  const stat = new Map(
    [...(statText ?? "").matchAll(/^(\w+) (\d+)$/gm)].map(([, name, value]) => [name, Number(value)]),
  );
  const statOf = (name: string) => stat.get(`total_${name}`) ?? stat.get(name) ?? 0;
  const used = Number(current ?? v1Usage ?? 0) - statOf("inactive_file") - statOf("active_file");
  return { limit, left: limit - Math.max(0, used || 0) };
}

async function readLimit(read: ReadText, folder: string): Promise<number | null> {
  const [max, high, v1Limit] = await Promise.all(
    ["memory.max", "memory.high", "memory.limit_in_bytes"].map((file) => read(`${folder}/${file}`)),
  );
  // v1 tells the least limit of all ancestors, those outside a container too.
  const v1Stat = v1Limit ? await read(`${folder}/memory.stat`) : null;
  const ancestors = /^hierarchical_memory_limit (\d+)$/m.exec(v1Stat ?? "")?.[1];
  return leastOf([max, high, v1Limit, ancestors].map(toLimit));
}

/** "max" (v2) and absurdly many bytes (v1) mean no limit. */
function toLimit(text: string | null | undefined): number | null {
  return text && /^\d+$/.test(text) && Number(text) < UNLIMITED ? Number(text) : null;
}
