import { CorralError } from "../errors.ts";
import type { Pool } from "../pool-types.ts";
import type { Administered } from "./administered.ts";
import type { InstanceStatus, ModelStatus } from "./status.ts";

/** A pool, and what was asked for when it was opened. */
export interface AdministeredPool extends Pick<ModelStatus, "aliases" | "group" | "start" | "source"> {
  readonly pool: Pool;
}

export interface InstanceParts {
  readonly pools: readonly AdministeredPool[];
  readonly version: string;
  readonly files: readonly string[];
  readonly cpus: readonly number[];
  readonly listen: () => readonly string[];
  readonly isDraining: () => boolean;
  readonly reload: Administered["reload"];
  readonly upgrade: Administered["upgrade"];
}

/** An instance whose models are these pools, from its start to its end. */
export function administerPools({ reload, upgrade, ...parts }: InstanceParts): Administered {
  const poolOf = (model: string): Pool => find(parts.pools, model);
  return {
    status: () => statusOf(parts),
    reload,
    upgrade,
    restart: async (model) => await poolOf(model).restart(),
    scale: async (model, workers) => await poolOf(model).scale(workers),
    logs(model, options) {
      const pool = poolOf(model);
      checkWorker(pool, options.worker);
      return pool.logs(options);
    },
  };
}

/** @throws CorralError CORRAL_REQUEST_INVALID with the status 404 */
function find(pools: readonly AdministeredPool[], model: string): Pool {
  const found = pools.find(({ pool, aliases }) => pool.name === model || aliases.includes(model));
  if (found !== undefined) return found.pool;
  const names = pools.map(({ pool }) => pool.name).join(", ");
  throw new CorralError("CORRAL_REQUEST_INVALID", `There is no model "${model}" here. Served: ${names}.`, {
    facts: { status: 404, model },
  });
}

function checkWorker({ name, plan }: Pool, worker: number | undefined): void {
  const workers = plan?.workers ?? [];
  if (worker === undefined || workers.some(({ replica }) => replica === worker)) return;
  throw new CorralError(
    "CORRAL_REQUEST_INVALID",
    `The model "${name}" has no worker ${worker}. Its workers: ${workers.map(({ replica }) => replica).join(", ") || "none yet"}.`,
    { facts: { status: 404, model: name, worker } },
  );
}

type StatusParts = Omit<InstanceParts, "reload" | "upgrade">;

function statusOf({ pools, version, files, cpus, listen, isDraining }: StatusParts): InstanceStatus {
  const models = pools.map(modelStatus);
  const isStarting = models.some(({ state }) => state === "starting");
  return {
    version,
    pid: process.pid,
    uptime: process.uptime(),
    state: isDraining() ? "draining" : isStarting ? "starting" : "ready",
    listen: listen(),
    files,
    cpus,
    memory: {
      used: sum(pools.map(({ pool }) => bytesInUse(pool))),
      budget: Math.max(0, ...pools.map(({ pool }) => pool.plan?.memory.budget ?? 0)),
    },
    models,
  };
}

function modelStatus({ pool, aliases, group, start, source }: AdministeredPool): ModelStatus {
  const { plan } = pool;
  const shape = plan && {
    workers: plan.workers.length,
    slots: plan.slots,
    context: plan.context,
    bytes: plan.memory.peak - plan.memory.headroom,
  };
  return { ...pool.stats(), aliases, group, start, source, plan: shape };
}

/** What the workers that run take by the plan's ledger; nothing where none runs. */
function bytesInUse(pool: Pool): number {
  const workers = pool.stats().workers.filter(({ state }) => state !== "stopped" && state !== "failed").length;
  if (pool.plan === null || workers === 0) return 0;
  const { file, repacked, kv, compute, promptCache } = pool.plan.memory;
  return file + workers * (repacked + kv + compute + promptCache);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
