import type { LoadFigures, Machine, ModelDescription, Plan, RequestShape } from "../../index.ts";

/** All that `corral bench` found. Plain data: what `--json` prints. Times are seconds. */
export interface BenchReport {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly model: Pick<ModelDescription, "name" | "path" | "architecture" | "quantisation" | "parameters">;
  readonly machine: {
    readonly cpuModel: string;
    readonly cpus: number;
    readonly cores: number;
    /** CPUs; null where there is no limit. */
    readonly cpuQuota: number | null;
    /** Bytes. */
    readonly memory: number;
  };
  readonly plan: Omit<Plan, "model" | "promptCache" | "gatewayCpus" | "memory" | "predicted" | "why">;
  readonly load: { readonly name: string; readonly shapes: readonly RequestShape[] };
  /** In the order in which they were measured. */
  readonly levels: readonly LoadFigures[];
  /** Whether it ended before all levels had been measured. */
  readonly isPartial: boolean;
}

export function machineFacts({ cpuModel, cpus, cpuQuota, memory }: Machine): BenchReport["machine"] {
  const cores = new Set(cpus.map(({ core }) => core)).size;
  return { cpuModel, cpus: cpus.length, cores, cpuQuota, memory: memory.total };
}

export function modelFacts(model: ModelDescription): BenchReport["model"] {
  const { name, path, architecture, quantisation, parameters } = model;
  return { name, path, architecture, quantisation, parameters };
}

export function planFacts(plan: Plan): BenchReport["plan"] {
  const { engine, goal, concurrency, workers, slots, context, repack, keyValueType, settings, warnings } = plan;
  return { engine, goal, concurrency, workers, slots, context, repack, keyValueType, settings, warnings };
}
