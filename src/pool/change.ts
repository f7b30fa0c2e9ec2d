import type { ResolvedPoolOptions } from "../config/pool-options.ts";

type Option = keyof ResolvedPoolOptions;

/** What workers are started with once and for all, or what a pool is made of: another value takes another pool. */
const FIXED: ReadonlySet<Option> = new Set<Option>([
  "source",
  "name",
  "engine",
  "arithmetic",
  "transport",
  "args",
  "startTimeout",
  "probeInterval",
  "probeTimeout",
  "stallTimeout",
  "drainTimeout",
  "moveTimeout",
  "killTimeout",
]);

/** Whether a pool can go over to another value without another pool being made. */
export function canChange(option: Option): boolean {
  return !FIXED.has(option);
}

/** The options that differ, in whichever order they were written. Pure. */
export function differences<T extends object>(before: T, after: T): (keyof T)[] {
  const options = Object.keys({ ...before, ...after }) as (keyof T)[];
  return options.filter((option) => JSON.stringify(before[option]) !== JSON.stringify(after[option]));
}
