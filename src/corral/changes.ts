import type { ResolvedModelOptions } from "../config/model-options.ts";
import { differences } from "../pool/change.ts";

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
  const isSame = (options: ResolvedModelOptions): boolean => {
    const known = old.get(options.name);
    return known !== undefined && differences(known, options).length === 0;
  };
  return {
    added: after.filter(({ name }) => !old.has(name)),
    removed: before.flatMap(({ name }) => (after.some((other) => other.name === name) ? [] : [name])),
    changed: kept.filter((options) => !isSame(options)),
    unchanged: kept.filter(isSame).map(({ name }) => name),
  };
}
