import { CorralError } from "../errors.ts";
import { claimOf } from "../plan/memory.ts";
import type { Pool } from "../pool-types.ts";
import { findModel, namesOf } from "../served-model.ts";
import type { Administered } from "./administered.ts";
import type { InstanceStatus, ModelStatus } from "./status.ts";

/** A model's pool, and what was asked for. */
export interface AdministeredPool extends Pick<ModelStatus, "name" | "aliases" | "group" | "start" | "source"> {
  readonly pool: Pool;
}

/** Functions tell what is so now. */
export interface InstanceParts {
  readonly pools: () => readonly AdministeredPool[];
  readonly version: string;
  readonly files: () => readonly string[];
  readonly cpus: readonly number[];
  readonly listen: readonly string[];
  readonly memory: () => InstanceStatus["memory"];
  readonly isReloading: () => boolean;
  readonly isDraining: () => boolean;
  readonly reload: Administered["reload"];
  readonly upgrade: Administered["upgrade"];
}

/** An instance whose models are these pools, from its start to its end. */
export function administerPools({ reload, upgrade, ...parts }: InstanceParts): Administered {
  const poolOf = (model: string): Pool => find(parts.pools(), model);
  return {
    status: () => statusOf(parts),
    reload,
    upgrade,
    restart: async (model) => await poolOf(model).restart(),
    scale: async (model, workers) => await poolOf(model).scale(workers),
    pardon: async (model) => poolOf(model).pardon(),
    logs(model, options) {
      const pool = poolOf(model);
      checkWorker(pool, options.worker);
      return pool.logs(options);
    },
  };
}

/** @throws CorralError CORRAL_REQUEST_INVALID with the status 404 */
function find(pools: readonly AdministeredPool[], model: string): Pool {
  const found = findModel(pools, model);
  if (found !== undefined) return found.pool;
  throw new CorralError("CORRAL_REQUEST_INVALID", `There is no model "${model}" here. Served: ${namesOf(pools)}.`, {
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

async function statusOf({ version, cpus, listen, ...now }: StatusParts): Promise<InstanceStatus> {
  const pools = now.pools();
  await Promise.all(pools.map(({ pool }) => pool.measure()));
  const models = pools.map(modelStatus);
  return {
    version,
    pid: process.pid,
    uptime: process.uptime(),
    state: stateOf(now, models),
    listen,
    files: now.files(),
    cpus,
    memory: now.memory(),
    models,
  };
}

function stateOf(
  { isReloading, isDraining }: Pick<StatusParts, "isReloading" | "isDraining">,
  models: readonly ModelStatus[],
): InstanceStatus["state"] {
  if (isDraining()) return "draining";
  if (isReloading()) return "reloading";
  return models.some(({ state }) => state === "starting") ? "starting" : "ready";
}

function modelStatus({ pool, aliases, group, start, source }: AdministeredPool): ModelStatus {
  const { plan } = pool;
  const shape = plan && {
    workers: plan.workers.length,
    slots: plan.slots,
    context: plan.context,
    bytes: claimOf(plan),
  };
  return { ...pool.stats(), aliases, group, start, source, plan: shape };
}
