import { createHash } from "node:crypto";
import { z } from "zod";
import type { Machine } from "../machine/machine.ts";
import { GOALS } from "../plan/goal.ts";

/** What a measurement holds for. Where any of it differs, it was another thing that was measured. */
export const identitySchema = z.object({
  machine: z.object({
    /** Of all that a plan depends on. */
    fingerprint: z.string(),
    /** For people. */
    cpuModel: z.string(),
    cpus: z.number().int().positive(),
    cpuQuota: z.number().nullable(),
  }),
  /** Of the engine's build. */
  build: z.string(),
  model: z.object({ path: z.string(), content: z.string() }),
  engine: z.string(),
  goal: z.enum(GOALS),
  concurrency: z.number().int().positive(),
});

export type TuneIdentity = z.infer<typeof identitySchema>;

export function machineIdentity(machine: Machine): TuneIdentity["machine"] {
  const { os, arch, cpuModel, features, cpus, cpuQuota, memory } = machine;
  // Kernels differ by some MiB in what they keep for themselves.
  const gibibytes = Math.round((memory.limit ?? memory.total) / 2 ** 30);
  const places = cpus.map(({ id, core, package: socket, node, cacheGroup, kind }) => [
    id,
    core,
    socket,
    node,
    cacheGroup,
    kind,
  ]);
  return {
    fingerprint: hashOf([os, arch, cpuModel, features, places, cpuQuota, gibibytes]),
    cpuModel,
    cpus: cpus.length,
    cpuQuota,
  };
}

/** The name of its file in the store, without an ending. Where a model lies does not matter. */
export function fileNameOf({ machine, build, model, engine, goal, concurrency }: TuneIdentity): string {
  return hashOf([machine.fingerprint, build, model.content, engine, goal, concurrency]);
}

function hashOf(facts: unknown): string {
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 16);
}
