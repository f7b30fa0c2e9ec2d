import type { PoolStats } from "../pool-types.ts";

/** What an instance says of itself: `corral status --json` prints it, `corral top` draws it. Plain data, no secrets. */
export interface InstanceStatus {
  readonly version: string;
  readonly pid: number;
  /** Seconds. */
  readonly uptime: number;
  readonly state: "starting" | "ready" | "reloading" | "draining";
  /** "http://127.0.0.1:8080", "unix:/run/corral/http.sock". */
  readonly listen: readonly string[];
  /** Files that the configuration was read from. */
  readonly files: readonly string[];
  /** CPUs that this process may use. */
  readonly cpus: readonly number[];
  /** Bytes: what loaded models take by their plans, and may take together. */
  readonly memory: { readonly used: number; readonly budget: number };
  readonly models: readonly ModelStatus[];
}

export interface ModelStatus extends PoolStats {
  readonly aliases: readonly string[];
  readonly group: string | null;
  readonly start: "eager" | "lazy";
  /** What it was given as: a path, or "echo". */
  readonly source: string;
  /** Null until there is one. */
  readonly plan: {
    readonly workers: number;
    readonly slots: number;
    readonly context: number;
    readonly bytes: number;
  } | null;
}
