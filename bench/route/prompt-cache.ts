import { commonPrefix, type Text } from "./text.ts";

/** An entry must keep this share of itself to be used: a long chat is not given up for a short beginning. */
const LEAST_KEPT = 0.25;

/** llama-server's prompt cache in RAM (`--cache-ram`), by the rules of `server_prompt_cache` in its source (v0.5.0). */
export class PromptCache {
  readonly #limit: number;
  /** The oldest first. */
  #entries: Text[] = [];
  #tokens = 0;

  /** @param limit Tokens whose keys and values it may hold; 0: it holds none. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Tokens that it holds. */
  get tokens(): number {
    return this.#tokens;
  }

  /**
   * Keeps a copy: not of what an entry holds wholly, nor of what is larger than the cache; in the place of the entries
   * that it holds wholly, and then of the oldest ones.
   */
  save(text: Text): void {
    if (text.length === 0 || text.length > this.#limit) return;
    const common = this.#entries.map((entry) => commonPrefix(entry, text));
    if (common.includes(text.length)) return;
    this.#set(this.#entries.filter((entry, index) => common[index] !== entry.length));
    while (this.#tokens + text.length > this.#limit) this.#set(this.#entries.slice(1));
    this.#set([...this.#entries, text]);
  }

  /**
   * Takes out the entry that a slot about to compute `wanted` is better off with: more of it is kept, and it has more of
   * `wanted`, than what the slot holds. Null where there is none.
   */
  take(held: Text, wanted: Text): Text | null {
    let best: Text | null = null;
    const common = commonPrefix(held, wanted);
    let kept = held.length > 0 ? common / held.length : -1;
    let similar = common;
    for (const entry of this.#entries) {
      const entryCommon = commonPrefix(entry, wanted);
      const entryKept = entryCommon / entry.length;
      if (entryKept < LEAST_KEPT || entryKept <= kept || entryCommon <= similar) continue;
      best = entry;
      kept = entryKept;
      similar = entryCommon;
    }
    if (best !== null) this.#set(this.#entries.filter((entry) => entry !== best));
    return best;
  }

  #set(entries: Text[]): void {
    this.#entries = entries;
    this.#tokens = entries.reduce((sum, { length }) => sum + length, 0);
  }
}
