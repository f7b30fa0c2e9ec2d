import type { EngineSettings } from "../plan/settings.ts";
import type { Tuned } from "../plan/tuned.ts";

/** One way to run the model on this machine: what the tuner measures and compares. Threads and slots of each worker. */
export type Candidate = Pick<Tuned, "workers" | "threads" | "slots" | "repack" | "keyValueType" | "settings"> & {
  /** Bound to no CPUs, as a server started by hand is: a yardstick, never an answer. */
  readonly isByHand?: true;
};

/** Each setting in words. Keys are made in this order: what an interrupted tuning has stored is found by them. */
const SPOKEN: { readonly [K in keyof EngineSettings]: (value: EngineSettings[K]) => string } = {
  batch: (tokens) => `batch ${tokens}`,
  flashAttention: (value) => `flash attention ${value}`,
  spin: (value) => `spin ${value}`,
  speculation: (value) => `speculation ${value}`,
  sharedCache: (isShared) => (isShared ? "shared cache" : "a cache for each slot"),
  hugePages: (areHuge) => (areHuge ? "huge pages" : "no huge pages"),
  mapWeights: (areMapped) => (areMapped ? "weights mapped" : "weights copied"),
};
const SETTINGS = Object.keys(SPOKEN) as (keyof EngineSettings)[];

/** The same for the same candidate, whoever made it. Not for people. */
export function keyOf({ workers, threads, slots, repack, keyValueType, settings, isByHand }: Candidate): string {
  const values = SETTINGS.map((name) => settings[name]);
  return JSON.stringify([workers, threads, slots, repack, keyValueType, ...values, ...(isByHand ? ["by hand"] : [])]);
}

/** "1 x 2 threads, 8 slots, batch 128, spin passive": the shape, and what differs from `usual` where that is given. */
export function nameOf(candidate: Candidate, usual?: Candidate): string {
  const { workers, threads, slots, repack, keyValueType, settings } = candidate;
  return [
    `${workers} x ${threads} thread${threads === 1 ? "" : "s"}`,
    `${slots} slot${slots === 1 ? "" : "s"}`,
    candidate.isByHand && "as started by hand",
    repack !== usual?.repack && (repack ? "repack" : "no repack"),
    keyValueType !== usual?.keyValueType && `KV ${keyValueType}`,
    ...SETTINGS.filter((name) => settings[name] !== usual?.settings[name]).map((name) => spoken(name, settings)),
  ]
    .filter(Boolean)
    .join(", ");
}

function spoken<K extends keyof EngineSettings>(name: K, settings: EngineSettings): string {
  return SPOKEN[name](settings[name]);
}
