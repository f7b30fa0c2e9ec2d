import { NO_PROMPT, type Prompt } from "./ask.ts";
import { CachedPrompts } from "./cached-prompts.ts";
import { type Content, type Held, holdingNothing, linksWithin, sharedLinks, sharedTokens, sharesMore } from "./held.ts";

/** What an engine can keep. */
export interface Capacity {
  readonly slots: number;
  /** Of its prompt cache, in tokens; 0: it has none. */
  readonly cacheTokens: number;
}

/** Told which links of a prompt come to be held, and which are held no more, by anything of this upstream. */
export interface HoldingsEvents {
  hold(prompt: Prompt, from: number, to: number): void;
  drop(prompt: Prompt, from: number, to: number): void;
}

interface Slot extends Held {
  busy: boolean;
  usedAt: number;
}

/** A prompt that an upstream works on. */
export interface Place {
  readonly slot: number;
  /** Tokens of it that it should have found. */
  readonly expected: number;
}

/** What came of it. Null: nobody knows. */
export interface Found {
  readonly cachedTokens: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** A slot is chosen for what it holds where that is more than this share of the new prompt. */
const LEAST_SHARE = 0.1;
/** A slot that keeps less than this share of its content goes into the cache before. */
const SAVE_SHARE = 0.5;
/** Of what was expected at least this share must be found, or what is believed to be held is not. */
const FOUND_SHARE = 0.5;

/**
 * What one upstream should hold of the prompts that it got, by llama-server's rules: of the idle slots the one that
 * shares most with the new prompt, else the least recently used; what would be lost of that goes into a cache, first in,
 * first out, and so do copies of what other idle slots hold, each time.
 */
export class Holdings {
  readonly #slots: Slot[];
  readonly #cache: CachedPrompts;
  readonly #events: HoldingsEvents;
  #uses = 0;

  constructor({ slots, cacheTokens }: Capacity, events: HoldingsEvents) {
    this.#slots = Array.from({ length: slots }, () => ({ ...holdingNothing(), busy: false, usedAt: 0 }));
    this.#cache = new CachedPrompts(cacheTokens, (entry) => this.#empty(entry));
    this.#events = events;
  }

  /**
   * Tokens of the prompt that it would find now; where all slots are busy, what it would if any of them were free.
   *
   * @param most it holds so many at most; to be told saves most of the time in the usual case that it finds all of them
   */
  expect(prompt: Prompt, most: number = Number.POSITIVE_INFINITY): number {
    if (this.#hasAll(prompt, most)) return most;
    return this.#choose(prompt)?.hit ?? this.#most(prompt);
  }

  /** It gets the prompt now. Null where all slots are busy by what is known here. */
  take(prompt: Prompt): Place | null {
    const choice = this.#choose(prompt);
    if (choice === null) return null;
    const slot = this.#slots[choice.slot] as Slot;
    if (choice.cached !== null) this.#cache.forget(choice.cached);
    // What is copied the slot still holds, so that nobody need be told.
    if (choice.saves) this.#cache.save(slot);
    this.#fill(slot, prompt);
    slot.busy = true;
    for (const other of this.#slots) if (!other.busy && other.tokens > 0) this.#cache.save(other);
    return { slot: choice.slot, expected: choice.hit };
  }

  /** It has answered, or given up. */
  release({ slot: number, expected }: Place, found: Found | null): void {
    const slot = this.#slots[number] as Slot;
    slot.busy = false;
    slot.usedAt = ++this.#uses;
    // Given up half-way: what it had found before is all that is sure.
    if (found === null) {
      this.#shorten(slot, expected);
      return;
    }
    slot.tokens += found.completionTokens;
    const scale = slot.prompt.tokens / Math.max(1, found.promptTokens);
    const cached = found.cachedTokens * scale;
    if (cached < expected * FOUND_SHARE) this.#disbelieve(slot, cached);
  }

  clear(): void {
    for (const slot of this.#slots) this.#empty(slot);
    this.#cache.clear();
  }

  #choose(prompt: Prompt): { slot: number; hit: number; saves: boolean; cached: Held | null } | null {
    const slot = this.#sharing(prompt) ?? this.#leastRecent();
    if (slot === null) return null;
    const entry = this.#slots[slot] as Slot;
    const shared = sharedTokens(entry, prompt);
    const kept = shared / Math.max(1, entry.tokens);
    const isChosenForContent = shared > LEAST_SHARE * prompt.tokens;
    const looksInCache = !isChosenForContent || kept < SAVE_SHARE;
    const cached = looksInCache ? this.#cache.better(prompt, entry.tokens > 0 ? kept : -1, shared) : null;
    const hit = cached === null ? shared : sharedTokens(cached, prompt);
    return { slot, hit, saves: looksInCache && entry.tokens > 0, cached };
  }

  /** Whether an idle slot, or one prompt of the cache in full, has so many tokens of it. */
  #hasAll(prompt: Prompt, tokens: number): boolean {
    if (tokens <= LEAST_SHARE * prompt.tokens || tokens > prompt.tokens) return false;
    const links = linksWithin(prompt, tokens);
    const tip = prompt.links[links - 1];
    const isIn = (entry: Content): boolean => links <= entry.links && entry.prompt.links[links - 1] === tip;
    if (this.#slots.some((slot) => !slot.busy && isIn(slot))) return true;
    return this.#cache.hasEnd(tip, tokens) && this.#slots.some(({ busy }) => !busy);
  }

  #sharing(prompt: Prompt): number | null {
    let best: number | null = null;
    let most = LEAST_SHARE * prompt.tokens;
    for (let number = 0; number < this.#slots.length; number += 1) {
      const slot = this.#slots[number] as Slot;
      if (slot.busy || !sharesMore(slot, prompt, most)) continue;
      most = sharedTokens(slot, prompt);
      best = number;
    }
    return best;
  }

  #leastRecent(): number | null {
    let oldest: number | null = null;
    this.#slots.forEach(({ busy, usedAt }, number) => {
      if (!busy && (oldest === null || usedAt <= (this.#slots[oldest] as Slot).usedAt)) oldest = number;
    });
    return oldest;
  }

  #most(prompt: Prompt): number {
    return Math.max(0, ...this.#slots.map((slot) => sharedTokens(slot, prompt)));
  }

  #empty(entry: Held): void {
    this.#shortenTo(entry, 0);
    entry.prompt = NO_PROMPT;
    entry.tokens = 0;
  }

  #fill(slot: Slot, prompt: Prompt): void {
    const before = this.#held(prompt, null);
    this.#events.hold(prompt, before, prompt.links.length);
    const old = { prompt: slot.prompt, links: slot.links };
    slot.prompt = prompt;
    slot.links = prompt.links.length;
    slot.tokens = prompt.tokens;
    this.#events.drop(old.prompt, Math.min(old.links, this.#held(old.prompt, null)), old.links);
  }

  /** What others here share with this slot was not found with them: they don't hold it any more. */
  #disbelieve(slot: Slot, cached: number): void {
    const found = linksWithin(slot.prompt, cached);
    for (const entry of this.#slots) {
      if (entry !== slot && !entry.busy && sharedLinks(entry, slot.prompt) > found) this.#shortenTo(entry, found);
    }
    const doubtful = this.#cache.entries.filter((entry) => sharedLinks(entry, slot.prompt) > found);
    for (const entry of doubtful) this.#cache.forget(entry);
  }

  #shorten(entry: Held, tokens: number): void {
    this.#shortenTo(entry, Math.min(entry.links, linksWithin(entry.prompt, tokens)));
  }

  #shortenTo(entry: Held, links: number): void {
    const before = entry.links;
    const held = Math.max(links, Math.min(before, this.#held(entry.prompt, entry)));
    entry.links = links;
    entry.tokens = links === 0 ? 0 : (entry.prompt.depths[links - 1] ?? 0);
    this.#events.drop(entry.prompt, held, before);
  }

  /** First links of the prompt that anything here holds, this entry aside. */
  #held(prompt: Prompt, aside: Held | null): number {
    let most = 0;
    for (const entry of this.#slots) if (entry !== aside) most = Math.max(most, sharedLinks(entry, prompt));
    for (const entry of this.#cache.entries) if (entry !== aside) most = Math.max(most, sharedLinks(entry, prompt));
    return most;
  }
}
