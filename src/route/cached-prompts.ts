import type { Prompt } from "./ask.ts";
import { contains, type Held, sharedTokens, sharesMore } from "./held.ts";

/** What is in the cache is used where at least this share of it is. */
const KEEP_SHARE = 0.25;
/** Prompts in a cache that are remembered, however short they are. */
const MOST_CACHED = 128;

/** What should lie in an engine's prompt cache, by llama-server's rules: first in, first out, nothing twice. */
export class CachedPrompts {
  readonly #limit: number;
  readonly #dropped: (entry: Held) => void;
  /** Oldest first. */
  readonly #entries: Held[] = [];
  /** The same by their last links. */
  readonly #tips = new Map<number, Held>();
  #tokens = 0;

  /**
   * @param limit tokens that it has room for; 0: there is no cache
   * @param dropped told of each entry that has just gone
   */
  constructor(limit: number, dropped: (entry: Held) => void) {
    this.#limit = limit;
    this.#dropped = dropped;
  }

  /** Oldest first. */
  get entries(): readonly Held[] {
    return this.#entries;
  }

  /** Whether a prompt that ends in this link is there, and would be used for so many tokens of it. */
  hasEnd(tip: number | undefined, tokens: number): boolean {
    const entry = tip === undefined ? undefined : this.#tips.get(tip);
    return entry !== undefined && entry.tokens * KEEP_SHARE <= tokens;
  }

  /** One that shares more of the prompt than `shared` tokens, and of which a greater share than `kept` is kept. */
  better(prompt: Prompt, kept: number, shared: number): Held | null {
    let best: Held | null = null;
    let [mostKept, mostShared] = [kept, shared];
    for (const entry of this.#entries) {
      if (!sharesMore(entry, prompt, Math.max(mostShared, KEEP_SHARE * entry.tokens - 1))) continue;
      const entryShared = sharedTokens(entry, prompt);
      const entryKept = entryShared / Math.max(1, entry.tokens);
      if (entryKept < KEEP_SHARE || entryKept <= mostKept || entryShared <= mostShared) continue;
      [best, mostKept, mostShared] = [entry, entryKept, entryShared];
    }
    return best;
  }

  /** Keeps a copy, where nothing here contains it; what it contains goes. */
  save({ prompt, links, tokens }: Held): void {
    if (tokens > this.#limit || this.#entries.some((entry) => contains(entry, prompt, links))) return;
    for (const entry of this.#entries.filter((kept) => contains({ prompt, links }, kept.prompt, kept.links)))
      this.forget(entry);
    for (let [oldest] = this.#entries; oldest !== undefined; [oldest] = this.#entries) {
      if (this.#tokens + tokens <= this.#limit && this.#entries.length < MOST_CACHED) break;
      this.forget(oldest);
    }
    const entry = { prompt, links, tokens };
    this.#entries.push(entry);
    this.#tokens += tokens;
    const tip = prompt.links[links - 1];
    if (tip !== undefined) this.#tips.set(tip, entry);
  }

  /** @param entry one of `entries` */
  forget(entry: Held): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    const tip = entry.prompt.links[entry.links - 1];
    if (tip !== undefined) this.#tips.delete(tip);
    this.#tokens -= entry.tokens;
    this.#dropped(entry);
  }

  clear(): void {
    for (const entry of [...this.#entries]) this.forget(entry);
  }
}
