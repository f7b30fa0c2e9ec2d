/** More CPUs than any kernel is built for: a longer range is a broken file. */
const MOST_CPUS = 65_536;

/** The kernel's list format: "0-3,8" -> [0, 1, 2, 3, 8]; sorted, without duplicates. Null for anything else, and for an empty list. */
export function parseCpuList(text: string | null): number[] | null {
  if (text === null || !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text.trim())) return null;
  const ids = new Set<number>();
  for (const range of text.trim().split(",")) {
    const [first = 0, last = first] = range.split("-").map(Number);
    if (last < first || last >= MOST_CPUS) return null;
    for (let id = first; id <= last; id++) ids.add(id);
  }
  return [...ids].sort((a, b) => a - b);
}

/** [0, 1, 2, 3, 8] -> "0-3,8", as taskset and people like it; "" for none. */
export function formatCpuList(ids: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const id of [...new Set(ids)].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range && id === range[1] + 1) range[1] = id;
    else ranges.push([id, id]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}
