import type { Colours } from "../terminal/colour.ts";
import type { Hand } from "./crew.ts";

/** CPUs side by side without a gap. */
const GROUP = 8;
const LEVELS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const NOBODY = "·";

export interface CpuMap {
  readonly cpus: readonly number[];
  readonly crew: readonly Hand[];
  /** 0 to 1; empty where it is not known. */
  readonly loads: ReadonlyMap<number, number>;
}

/** A cell for each CPU: above who is pinned there, below how busy it is. As many groups in a line as fit. Pure. */
export function cpuMap({ cpus, crew, loads }: CpuMap, columns: number, { dim }: Colours): string[] {
  const owners = new Map(crew.flatMap((hand) => hand.worker.cpus.map((cpu) => [cpu, hand] as const)));
  const label = Math.max(4, ...cpus.map((cpu) => `${cpu}`.length)) + 1;
  const inLine = Math.max(1, Math.floor((columns - label) / (GROUP + 1))) * GROUP;
  return chunks(cpus, inLine).flatMap((line) => {
    const sign = (cpu: number): string => {
      const owner = owners.get(cpu);
      return owner === undefined ? dim(NOBODY) : owner.paint(owner.sign);
    };
    const who = `${dim(`${line[0]}`.padStart(label - 1))} ${inGroups(line, sign)}`;
    return loads.size === 0 ? [who] : [who, `${" ".repeat(label)}${inGroups(line, (cpu) => level(loads.get(cpu)))}`];
  });
}

function inGroups(cpus: readonly number[], cell: (cpu: number) => string): string {
  return chunks(cpus, GROUP)
    .map((group) => group.map(cell).join(""))
    .join(" ");
}

function level(load = 0): string {
  return LEVELS[Math.round(Math.min(1, Math.max(0, load)) * (LEVELS.length - 1))] ?? " ";
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}
