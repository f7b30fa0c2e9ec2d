import type { Purpose } from "../model/description.ts";
import type { Figures, Goal } from "./goal.ts";
import type { EngineSettings, KeyValueType } from "./settings.ts";
import type { Tuned } from "./tuned.ts";

/** What to run, decided before anything starts. Plain data: printed by `corral plan`, tested with literals. */
export interface Plan {
  readonly model: {
    readonly path: string;
    readonly name: string;
    readonly purpose: Purpose;
  };
  /** What serves it, and why that. */
  readonly engine: { readonly name: string; readonly why: string };
  readonly goal: Goal;
  /** Requests at once that it was made for. */
  readonly concurrency: number;
  readonly workers: readonly WorkerPlan[];
  /** Concurrent sequences in each worker. */
  readonly slots: number;
  /** Tokens one request may use, prompt and answer together. The engine gets slots times this. */
  readonly context: number;
  /** MiB of prompt cache in each worker. */
  readonly promptCache: number;
  /** Whether workers repack weights for this CPU into private memory (faster) or share the file's pages (smaller). */
  readonly repack: boolean;
  readonly keyValueType: KeyValueType;
  readonly settings: EngineSettings;
  /** CPUs left to the gateway; empty where it shares those of the workers. */
  readonly gatewayCpus: readonly number[];
  readonly memory: MemoryLedger;
  /** What it should give at its concurrency; null where nothing is known to predict it from. */
  readonly predicted: Figures | null;
  /** Each choice, in the order in which they were made. */
  readonly why: readonly Reason[];
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
  /** The NUMA node whose memory it is bound to; null where there is one node, or its CPUs are in several. */
  readonly node: number | null;
}

/** Why a plan is as it is: one choice, for people. */
export interface Reason {
  /** "workers", "threads", "slots", "context", "memory", "settings", ... */
  readonly about: string;
  /** "2 workers of 8 threads". */
  readonly choice: string;
  /** The rule, the prediction or the measurement behind it. */
  readonly because: string;
  /** What was looked at and not taken, each with its reason. */
  readonly rejected: readonly string[];
}

/**
 * Bytes. `total` = file + workers * (unpacked + repacked + kv + compute): what the workers hold from the start. `peak` =
 * total + workers * promptCache + headroom: what must fit the budget.
 */
export interface MemoryLedger {
  /** The model file's pages, once for all workers; 0 where it is not mapped. */
  readonly file: number;
  /** Per worker: weights that are not repacked, where each has a copy of its own. */
  readonly unpacked: number;
  /** Per worker. */
  readonly repacked: number;
  readonly kv: number;
  readonly compute: number;
  /** Per worker, at most: it fills as prompts come. */
  readonly promptCache: number;
  /** Kept free for the gateway and the system. */
  readonly headroom: number;
  readonly total: number;
  readonly peak: number;
  /** What may be used: the least of the cgroup limit and what is available. */
  readonly budget: number;
}

export interface PlanOverrides {
  readonly workers?: number | undefined;
  readonly threads?: number | undefined;
  readonly slots?: number | undefined;
  readonly context?: number | undefined;
  readonly repack?: boolean | undefined;
  readonly keyValueType?: KeyValueType | undefined;
  /** Bytes in each worker, of which whole MiB count; 0: none. */
  readonly promptCache?: number | undefined;
  readonly settings?: Partial<EngineSettings> | undefined;
}

/** What a plan is to be good at, where the user says so. */
export interface PlanWish {
  /** Default "balanced". */
  readonly goal?: Goal | undefined;
  /** Requests at once. Default: what suits the machine. */
  readonly concurrency?: number | undefined;
  /** Measured here. What the user fixed goes before it, and it goes before what is predicted. */
  readonly tuned?: Tuned | null | undefined;
  /** Why measurements that are there are not used: sentences for people. */
  readonly stale?: readonly string[] | undefined;
}
