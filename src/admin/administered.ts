import type { LogLine, LogOptions } from "../pool-types.ts";
import type { InstanceStatus } from "./status.ts";

/** What became of each model, by name, when the configuration was read again. */
export interface ReloadReport {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
  /** These did not become what was asked for: those that were there before go on as they were. */
  readonly failed: readonly { readonly model: string; readonly message: string }[];
}

/** The process that has taken over. */
export interface Successor {
  readonly pid: number;
}

/** A running instance, as the admin socket acts on it. All that fails throws CorralError. */
export interface Administered {
  /** With what its processes take just now. */
  status(): Promise<InstanceStatus>;
  /** Reads the configuration again and goes over to it; a bad one changes nothing. */
  reload(): Promise<ReloadReport>;
  /** Resolves when every worker is new. */
  restart(model: string): Promise<void>;
  /** Resolves when so many workers serve. */
  scale(model: string, workers: number | "auto"): Promise<void>;
  /** @returns how many requests of this model were refused for having killed a worker, and are not any more */
  pardon(model: string): Promise<number>;
  logs(model: string, options: LogOptions): AsyncIterable<LogLine>;
  /** Resolves when another process serves on the same sockets; this one ends then. */
  upgrade(): Promise<Successor>;
}
