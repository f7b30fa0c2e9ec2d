import type { ResolvedModelOptions } from "../config/model-options.ts";

export interface Diff {
  readonly added: readonly ResolvedModelOptions[];
  readonly removed: readonly string[];
  readonly changed: readonly ResolvedModelOptions[];
  readonly unchanged: readonly string[];
}

/** What other options mean for each model. Pure. */
export function diff(before: readonly ResolvedModelOptions[], after: readonly ResolvedModelOptions[]): Diff {
  const old = new Map(before.map((options) => [options.name, options]));
  const kept = after.filter(({ name }) => old.has(name));
  const isSame = (options: ResolvedModelOptions): boolean => sorted(options) === sorted(old.get(options.name) ?? {});
  return {
    added: after.filter(({ name }) => !old.has(name)),
    removed: before.flatMap(({ name }) => (after.some((other) => other.name === name) ? [] : [name])),
    changed: kept.filter((options) => !isSame(options)),
    unchanged: kept.filter(isSame).map(({ name }) => name),
  };
}

/** The order in which options were written means nothing. */
function sorted(options: object): string {
  return JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
}
