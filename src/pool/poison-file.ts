import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Remembered } from "../proxy/fingerprints.ts";

const content = z.array(z.strictObject({ fingerprint: z.string(), until: z.number() }));

/** The requests that kill a model's workers, kept over restarts: their hashes and when each is forgotten. */
export class PoisonFile {
  readonly #dir: string;
  readonly #path: string;

  /** @param dir made when there is something to keep */
  constructor(dir: string, model: string) {
    this.#dir = dir;
    // A model's name may hold anything.
    this.#path = join(dir, `poison-${createHash("sha256").update(model).digest("hex").slice(0, 16)}.json`);
  }

  /** Empty where there is none, or one that was not written by `write`. @param now Date.now() */
  read(now: number): Remembered[] {
    try {
      return content.parse(JSON.parse(readFileSync(this.#path, "utf8"))).filter(({ until }) => until > now);
    } catch {
      return [];
    }
  }

  /**
   * Whole or not at all, and before it returns: what has killed a worker may kill this process's machine next.
   * @throws the system's error
   */
  write(all: readonly Remembered[]): void {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const partial = `${this.#path}.${process.pid}.partial`;
    writeFileSync(partial, JSON.stringify(all), { mode: 0o600 });
    renameSync(partial, this.#path);
  }
}
