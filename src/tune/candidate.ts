import type { Tuned } from "../plan/tuned.ts";

/** One way to run the model on this machine: what the tuner measures and compares. Threads and slots of each worker. */
export type Candidate = Pick<Tuned, "workers" | "threads" | "slots" | "repack" | "keyValueType" | "settings"> & {
  /** Bound to no CPUs, as a server started by hand is: a yardstick, never an answer. */
  readonly isByHand?: true;
};

/** The same for the same candidate, whoever made it. Not for people. */
export function keyOf({ workers, threads, slots, repack, keyValueType, settings, isByHand }: Candidate): string {
  const { batch, flashAttention, spin, sharedCache, speculation, hugePages, mapWeights } = settings;
  return JSON.stringify([
    workers,
    threads,
    slots,
    repack,
    keyValueType,
    batch,
    flashAttention,
    spin,
    speculation,
    sharedCache,
    hugePages,
    mapWeights,
    ...(isByHand ? ["by hand"] : []),
  ]);
}

/** "1 x 2 threads, 8 slots, batch 128, spin passive": the shape, and what differs from `usual` where that is given. */
export function nameOf(candidate: Candidate, usual?: Candidate): string {
  const { workers, threads, slots, repack, keyValueType, settings } = candidate;
  const differs = <T>(value: T, than: T | undefined) => usual === undefined || value !== than;
  return [
    `${workers} x ${threads} thread${threads === 1 ? "" : "s"}`,
    `${slots} slot${slots === 1 ? "" : "s"}`,
    candidate.isByHand && "as started by hand",
    differs(settings.batch, usual?.settings.batch) && `batch ${settings.batch}`,
    differs(settings.flashAttention, usual?.settings.flashAttention) && `flash attention ${settings.flashAttention}`,
    differs(settings.spin, usual?.settings.spin) && `spin ${settings.spin}`,
    differs(repack, usual?.repack) && (repack ? "repack" : "no repack"),
    differs(keyValueType, usual?.keyValueType) && `KV ${keyValueType}`,
    differs(settings.speculation, usual?.settings.speculation) && `speculation ${settings.speculation}`,
    differs(settings.sharedCache, usual?.settings.sharedCache) &&
      (settings.sharedCache ? "shared cache" : "a cache for each slot"),
    differs(settings.hugePages, usual?.settings.hugePages) && (settings.hugePages ? "huge pages" : "no huge pages"),
    differs(settings.mapWeights, usual?.settings.mapWeights) &&
      (settings.mapWeights ? "weights mapped" : "weights copied"),
  ]
    .filter(Boolean)
    .join(", ");
}
