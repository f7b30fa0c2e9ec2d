/** What /proc/cpuinfo says of all CPUs together. */
export interface Cpuinfo {
  /** As the vendor names it; null on most ARM machines. */
  readonly model: string | null;
  /** Flags that every CPU has, as the kernel spells them, in its order. */
  readonly flags: readonly string[];
  /** Ids of the CPUs listed: those that are online. */
  readonly cpus: readonly number[];
}

/** Reads x86's `flags` and ARM's `Features`. A hybrid or big.LITTLE machine may list different flags for each CPU. */
export function parseCpuinfo(text: string): Cpuinfo {
  const lines = [...text.matchAll(/^([^:\n]*?)[ \t]*:[ \t]*(.*)$/gm)].map(([, key = "", value = ""]) => ({
    key,
    value,
  }));
  const valuesOf = (...keys: string[]) =>
    lines.filter(({ key }) => keys.includes(key)).map(({ value }) => value.trim());
  const flagsOfEach = valuesOf("flags", "Features").map((value) => new Set(value.split(/\s+/).filter(Boolean)));
  const [first = new Set<string>(), ...others] = flagsOfEach;
  return {
    model: valuesOf("model name").find(Boolean) ?? valuesOf("Model", "Hardware").find(Boolean) ?? null,
    flags: [...first].filter((flag) => others.every((flags) => flags.has(flag))),
    cpus: valuesOf("processor").map(Number).filter(Number.isInteger),
  };
}
