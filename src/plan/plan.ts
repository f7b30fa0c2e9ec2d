import type { Purpose } from "../model/description.ts";

/** What to run, decided before anything starts. Plain data: printed by `corral plan`, tested with literals. */
export interface Plan {
  readonly model: {
    readonly path: string;
    readonly name: string;
    readonly purpose: Purpose;
  };
  /** What serves it, and why that. */
  readonly engine: { readonly name: string; readonly why: string };
  readonly workers: readonly WorkerPlan[];
  /** Concurrent sequences in each worker. */
  readonly slots: number;
  /** Tokens one request may use, prompt and answer together. The engine gets slots times this. */
  readonly context: number;
  /** MiB of prompt cache in each worker. */
  readonly promptCache: number;
  /** Whether workers repack weights for this CPU into private memory (faster) or share the file's pages (smaller). */
  readonly repack: boolean;
  /** CPUs left to the gateway; empty where it shares those of the workers. */
  readonly gatewayCpus: readonly number[];
  readonly memory: MemoryLedger;
  /** What a person should know, most important first. */
  readonly warnings: readonly string[];
}

export interface WorkerPlan {
  /** 0-based. */
  readonly replica: number;
  /** Disjoint from every other worker's. Empty: not pinned (an OS without affinity). */
  readonly cpus: readonly number[];
  /** At most cpus.length where pinned. */
  readonly threads: number;
}

/** Bytes. `total` = file + workers * (repacked + kv + compute + promptCache) + headroom. */
export interface MemoryLedger {
  /** The model file's pages, once for all workers. */
  readonly file: number;
  /** Per worker. */
  readonly repacked: number;
  readonly kv: number;
  readonly compute: number;
  readonly promptCache: number;
  /** Kept free for the gateway and the system. */
  readonly headroom: number;
  readonly total: number;
  /** What may be used: the least of the cgroup limit and what is available. */
  readonly budget: number;
}

export interface PlanOverrides {
  readonly workers?: number | undefined;
  readonly threads?: number | undefined;
  readonly slots?: number | undefined;
  readonly context?: number | undefined;
  readonly repack?: boolean | undefined;
}
