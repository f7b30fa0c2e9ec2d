/** `until` as Date.now(). */
export interface Remembered {
  readonly fingerprint: string;
  readonly until: number;
}

/** So many at most are remembered; of more the oldest is forgotten. */
const MOST = 1_000;

/** A set of requests, by their fingerprints, each of which is forgotten after a while. */
export class Fingerprints {
  readonly #until = new Map<string, number>();
  readonly #changed: (all: readonly Remembered[]) => void;
  /** Milliseconds for which one is remembered. */
  memory: number;

  /** @param changed told of all of them whenever one comes or is taken out */
  constructor(memory: number, changed: (all: readonly Remembered[]) => void = () => {}) {
    this.memory = memory;
    this.#changed = changed;
  }

  get size(): number {
    return this.#until.size;
  }

  /** @param now Date.now() */
  has(fingerprint: string, now: number): boolean {
    const until = this.#until.get(fingerprint);
    if (until === undefined) return false;
    if (until > now) return true;
    this.#until.delete(fingerprint);
    return false;
  }

  add(fingerprint: string, now: number): void {
    this.#until.delete(fingerprint);
    this.#until.set(fingerprint, now + this.memory);
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= MOST) break;
      this.#until.delete(oldest);
    }
    this.#tell(now);
  }

  delete(fingerprint: string, now: number): void {
    if (this.#until.delete(fingerprint)) this.#tell(now);
  }

  /** @returns how many were known */
  clear(now: number): number {
    const known = this.#known(now).length;
    this.#until.clear();
    if (known > 0) this.#tell(now);
    return known;
  }

  /** Adds what an earlier process knew. */
  recall(known: readonly Remembered[]): void {
    for (const { fingerprint, until } of known.slice(-MOST)) this.#until.set(fingerprint, until);
  }

  #tell(now: number): void {
    this.#changed(this.#known(now));
  }

  /** Those that are not forgotten yet. */
  #known(now: number): Remembered[] {
    return [...this.#until].flatMap(([fingerprint, until]) => (until > now ? { fingerprint, until } : []));
  }
}
