import { CorralError } from "../errors.ts";
import type { LoadedPool } from "../load/load.ts";
import { type Candidate, keyOf } from "./candidate.ts";

/** A pool that runs a candidate and serves. */
export interface CandidatePool extends LoadedPool {
  destroy(): Promise<void>;
}

/** How pools are opened. @throws CorralError; nothing is left running then */
export type OpenPool = (candidate: Candidate, signal: AbortSignal | undefined) => Promise<CandidatePool>;

/** Idle pools cost little CPU; their probes are not nothing. */
const MOST_OPEN = 6;
/** What a candidate may fail with without the others failing, too. */
const CANT_RUN: ReadonlySet<string> = new Set(["CORRAL_DOES_NOT_FIT", "CORRAL_WORKER_FAILED"]);

/**
 * Pools that stay open between measurements, for candidates take turns and loading a model takes longer than measuring
 * it. Closes those that were used longest ago where memory is short.
 */
export class OpenPools {
  readonly #open: OpenPool;
  readonly #signal: AbortSignal | undefined;
  /** Those used last at the end. */
  readonly #pools = new Map<string, CandidatePool>();
  /** What most pools may take together, bytes. */
  readonly #budget: number;

  constructor(open: OpenPool, budget: number, signal?: AbortSignal) {
    this.#open = open;
    this.#budget = budget;
    this.#signal = signal;
  }

  /** Ready to be asked, and whether it was opened for this call. Null where this machine can't run it. */
  async of(candidate: Candidate): Promise<{ pool: CandidatePool; isNew: boolean } | null> {
    const key = keyOf(candidate);
    const there = this.#pools.get(key);
    if (there !== undefined) {
      this.#pools.delete(key);
      this.#pools.set(key, there);
      return { pool: there, isNew: false };
    }
    await this.#makeRoom();
    const pool = (await this.#tryOpen(candidate)) ?? (await this.#openAlone(candidate));
    if (pool === null) return null;
    this.#pools.set(key, pool);
    return { pool, isNew: true };
  }

  async closeAll(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  /** As much as the one that was opened last takes. */
  async #makeRoom(): Promise<void> {
    const sizes = () => [...this.#pools.values()].map(({ plan }) => plan?.memory.peak ?? 0);
    const isTight = () => sizes().reduce((sum, size) => sum + size, sizes().at(-1) ?? 0) > this.#budget;
    while (this.#pools.size > 0 && (this.#pools.size >= MOST_OPEN || isTight())) {
      const [[key, pool] = []] = this.#pools;
      if (key === undefined || pool === undefined) return;
      this.#pools.delete(key);
      await pool.destroy();
    }
  }

  async #openAlone(candidate: Candidate): Promise<CandidatePool | null> {
    if (this.#pools.size === 0) return null;
    await this.closeAll();
    return this.#tryOpen(candidate);
  }

  async #tryOpen(candidate: Candidate): Promise<CandidatePool | null> {
    try {
      return await this.#open(candidate, this.#signal);
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (error instanceof CorralError && CANT_RUN.has(error.code)) return null;
      throw error;
    }
  }
}
