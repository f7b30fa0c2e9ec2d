import { readFile } from "node:fs/promises";

/** Of each CPU, in ticks since the machine started. */
export type CpuTicks = ReadonlyMap<number, { readonly all: number; readonly busy: number }>;

/** None where there is no /proc. */
export async function readCpuTicks(): Promise<CpuTicks> {
  return parseCpuTicks(await readFile("/proc/stat", "utf8").catch(() => ""));
}

/** Of /proc/stat; guest time is part of user time already. Time that the hypervisor took is no idle time. Pure. */
export function parseCpuTicks(text: string): CpuTicks {
  return new Map(
    [...text.matchAll(/^cpu(\d+) (.*)$/gm)].map(([, cpu, line = ""]) => {
      const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] = line
        .split(" ")
        .map(Number);
      const busy = user + nice + system + irq + soft + steal;
      return [Number(cpu), { all: busy + idle + wait, busy }];
    }),
  );
}

/** Share of its time in which each CPU was busy, 0 to 1; a CPU that is not in both readings is left out. Pure. */
export function loadBetween(before: CpuTicks, now: CpuTicks): ReadonlyMap<number, number> {
  const loads = new Map<number, number>();
  for (const [cpu, { all, busy }] of now) {
    const then = before.get(cpu);
    if (then !== undefined && all > then.all) loads.set(cpu, (busy - then.busy) / (all - then.all));
  }
  return loads;
}
