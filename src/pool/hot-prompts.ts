import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { AskWorker, ChatHead, PromptStore } from "../engine/engine.ts";
import type { LiveUpstream } from "../route/live-upstream.ts";
import { headOf, keyOfHead } from "./hot-prompts/head.ts";

/** Requests after which a head is worth its file: one is chance, two are a pair. */
const HOT = 3;
/** Heads that are counted; the one that was asked for longest ago is forgotten. */
const MOST_COUNTED = 1_000;
/** Bytes of all files. A head of 1,500 tokens takes 20 MB with a model of 0.5B, 190 MB with one of 8B. */
const MOST_BYTES = 512 * 1024 * 1024;
/** Tokens; computed in the time that restoring them takes, or little more. */
const FEWEST_TOKENS = 64;
/** Milliseconds. Saving and restoring take a fraction of a second, unless a prompt must be computed for it. */
const LIMIT = 5_000;
/** Models whose state can't be saved fail each time. */
const MOST_FAILURES = 3;

export interface HotPromptsSetup {
  readonly store: PromptStore;
  /** Where the workers keep their files. */
  readonly dir: string;
  /** How many are kept. */
  readonly most: number;
  /** How a worker is asked. */
  readonly asking: (upstream: LiveUpstream, signal: AbortSignal) => AskWorker;
  /** The workers that serve now. */
  readonly serving: () => readonly LiveUpstream[];
  /** Told that a worker holds a head from now on. */
  readonly holds: (upstream: LiveUpstream, head: ChatHead) => void;
}

/** How far it is with a head. */
type Standing =
  | { readonly kind: "counted"; readonly requests: number }
  | { readonly kind: "saving" }
  | { readonly kind: "kept"; readonly head: ChatHead; readonly bytes: number; readonly holders: Set<string> }
  | { readonly kind: "too-short" };

/**
 * System prompts that many chats share. Once one is hot, a worker that has computed it saves it to a file, and the others
 * get it from there in milliseconds: those that serve, and each that starts later.
 */
export class HotPrompts {
  readonly #setup: HotPromptsSetup;
  /** By key of the head; the one that was asked for last at the end. */
  readonly #standings = new Map<string, Standing>();
  #failures = 0;

  constructor(setup: HotPromptsSetup) {
    this.#setup = setup;
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept().length;
  }

  /** A worker has answered a chat. Resolves when what follows from it is done; never rejects. */
  async answered(body: unknown, upstream: LiveUpstream): Promise<void> {
    const head = this.#isOff ? null : headOf(body);
    if (head === null) return;
    const key = keyOfHead(head);
    const standing = this.#standings.get(key) ?? { kind: "counted", requests: 0 };
    this.#put(key, standing);
    if (standing.kind === "kept") standing.holders.add(upstream.id);
    if (standing.kind !== "counted") return;
    if (standing.requests + 1 < HOT) this.#put(key, { kind: "counted", requests: standing.requests + 1 });
    else await this.#save(key, head, upstream);
  }

  /** Gives a worker that comes what the others know; takes a slot of it at once where there is something to give. Never rejects. */
  async warm(upstream: LiveUpstream): Promise<void> {
    for (const [key] of this.#kept()) await this.#restore(key, upstream);
  }

  async #save(key: string, head: ChatHead, upstream: LiveUpstream): Promise<void> {
    const { store, most } = this.#setup;
    if (most === 0 || !isFree(upstream)) return;
    this.#put(key, { kind: "saving" });
    const saved = await this.#with(upstream, (ask) => store.save(ask, head, key));
    if (saved === null) {
      this.#put(key, { kind: "counted", requests: 0 });
    } else if (saved.tokens < FEWEST_TOKENS) {
      this.#put(key, { kind: "too-short" });
      await this.#remove(key);
    } else {
      this.#put(key, { kind: "kept", head, bytes: saved.bytes, holders: new Set([upstream.id]) });
      await this.#trim();
      for (const other of this.#setup.serving()) if (other.inFlight === 0) await this.#restore(key, other);
    }
  }

  async #restore(key: string, upstream: LiveUpstream): Promise<void> {
    const kept = this.#standings.get(key);
    if (kept?.kind !== "kept" || kept.holders.has(upstream.id)) return;
    const restored = await this.#with(upstream, async (ask) => {
      await this.#setup.store.restore(ask, key);
      return true;
    });
    if (restored === null) return;
    kept.holders.add(upstream.id);
    this.#setup.holds(upstream, kept.head);
  }

  /** On a slot of the worker's own, in a limited time; null where that failed. */
  async #with<T>(upstream: LiveUpstream, work: (ask: AskWorker) => Promise<T>): Promise<T | null> {
    const lease = upstream.lease();
    try {
      const result = await work(this.#setup.asking(upstream, AbortSignal.timeout(LIMIT)));
      this.#failures = 0;
      return result;
    } catch {
      // It is for speed only, and a worker that has just died is others' business.
      this.#failures += 1;
      return null;
    } finally {
      lease.release();
    }
  }

  get #isOff(): boolean {
    return this.#failures >= MOST_FAILURES;
  }

  #kept(): [string, Extract<Standing, { kind: "kept" }>][] {
    return [...this.#standings].flatMap(([key, standing]) => (standing.kind === "kept" ? [[key, standing]] : []));
  }

  #put(key: string, standing: Standing): void {
    this.#standings.delete(key);
    this.#standings.set(key, standing);
    if (this.#standings.size <= MOST_COUNTED) return;
    for (const [oldest, { kind }] of this.#standings) {
      if (kind === "kept") continue;
      this.#standings.delete(oldest);
      return;
    }
  }

  /** Removes those that were asked for longest ago. */
  async #trim(): Promise<void> {
    const { most } = this.#setup;
    const isTooMuch = (): boolean => {
      const kept = this.#kept();
      return kept.length > most || kept.reduce((sum, [, { bytes }]) => sum + bytes, 0) > MOST_BYTES;
    };
    while (isTooMuch()) {
      const [[oldest] = []] = this.#kept();
      if (oldest === undefined) return;
      this.#standings.delete(oldest);
      await this.#remove(oldest);
    }
  }

  async #remove(key: string): Promise<void> {
    await rm(join(this.#setup.dir, key), { force: true });
  }
}

function isFree({ healthy, inFlight, slots }: LiveUpstream): boolean {
  return healthy && inFlight < slots;
}
