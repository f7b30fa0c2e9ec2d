import { CorralError } from "./errors.ts";
import type { Pool } from "./pool-types.ts";

/** A model as the HTTP front sees it: a pool, or what stands for one that is loaded on demand or is being replaced. */
export interface ServedModel
  extends Pick<Pool, "name" | "model" | "plan" | "state" | "isReady" | "stats" | "exchange"> {
  /** Other names that clients may use. Default none. */
  readonly aliases?: readonly string[];
}

/** By its name, or else by an alias. */
export function findModel<M extends Named>(models: readonly M[], name: string): M | undefined {
  return models.find((model) => model.name === name) ?? models.find(({ aliases }) => aliases?.includes(name));
}

type Named = Pick<ServedModel, "name" | "aliases">;

export function namesOf(models: readonly Named[]): string {
  return models.map(({ name }) => name).join(", ");
}

/** @throws CorralError CORRAL_BAD_OPTION where a name or alias could mean two models */
export function refuseSameNames(models: readonly Named[]): void {
  const names = models.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new CorralError("CORRAL_BAD_OPTION", `Two models are named "${twice}". Give each a name of its own.`, {
    facts: { key: "name", value: twice },
  });
}
