import type { KeyValueType } from "./settings.ts";

/** What memory depends on, and what gives way when it is short. */
export interface Shape {
  readonly workers: number;
  /** Concurrent sequences in each worker. */
  readonly slots: number;
  /** Tokens of each slot. */
  readonly context: number;
  readonly repack: boolean;
  readonly keyValueType: KeyValueType;
}
