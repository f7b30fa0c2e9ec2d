import { NO_PROMPT, type Prompt } from "./ask.ts";

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

/** A slot's content, or a prompt in the cache. */
interface Entry {
  prompt: Prompt;
  /** Its links that are held. */
  links: number;
  /** Held, its answer included. */
  tokens: number;
}

interface Slot extends Entry {
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
/** What is in the cache is used where at least this share of it is. */
const KEEP_SHARE = 0.25;
/** Prompts in a cache that are remembered, however short they are. */
const MOST_CACHED = 128;
/** Of what was expected at least this share must be found, or what is believed to be held is not. */
const FOUND_SHARE = 0.5;

/**
 * What one upstream should hold of the prompts that it got, by llama-server's rules: of the idle slots the one that
 * shares most with the new prompt, else the least recently used; what would be lost of that goes into a cache, first in,
 * first out, and so do copies of what other idle slots hold, each time.
 */
export class Holdings {
  readonly #slots: Slot[];
  readonly #cacheTokens: number;
  readonly #events: HoldingsEvents;
  /** Oldest first. */
  readonly #cache: Entry[] = [];
  /** The same by their last links. */
  readonly #tips = new Map<number, Entry>();
  #cached = 0;
  #uses = 0;

  constructor({ slots, cacheTokens }: Capacity, events: HoldingsEvents) {
    this.#slots = Array.from({ length: slots }, () => ({ ...emptyEntry(), busy: false, usedAt: 0 }));
    this.#cacheTokens = cacheTokens;
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
    if (choice.cached !== null) this.#forget(choice.cached);
    if (choice.saves) this.#save(slot);
    this.#fill(slot, prompt);
    slot.busy = true;
    for (const other of this.#slots) if (!other.busy && other.tokens > 0) this.#save(other);
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
    for (const entry of this.#cache) this.#empty(entry);
    this.#cache.length = 0;
    this.#tips.clear();
    this.#cached = 0;
  }

  #choose(prompt: Prompt): { slot: number; hit: number; saves: boolean; cached: Entry | null } | null {
    const slot = this.#sharing(prompt) ?? this.#leastRecent();
    if (slot === null) return null;
    const entry = this.#slots[slot] as Slot;
    const shared = sharedTokens(entry, prompt);
    const kept = shared / Math.max(1, entry.tokens);
    const isChosenForContent = shared > LEAST_SHARE * prompt.tokens;
    const looksInCache = !isChosenForContent || kept < SAVE_SHARE;
    const cached = looksInCache ? this.#better(prompt, entry.tokens > 0 ? kept : -1, shared) : null;
    const hit = cached === null ? shared : sharedTokens(cached, prompt);
    return { slot, hit, saves: looksInCache && entry.tokens > 0, cached };
  }

  /** Whether an idle slot, or one prompt of the cache in full, has so many tokens of it. */
  #hasAll(prompt: Prompt, tokens: number): boolean {
    if (tokens <= LEAST_SHARE * prompt.tokens || tokens > prompt.tokens) return false;
    const links = linksWithin(prompt, tokens);
    const tip = prompt.links[links - 1];
    const isIn = (entry: Entry): boolean => links <= entry.links && entry.prompt.links[links - 1] === tip;
    if (this.#slots.some((slot) => !slot.busy && isIn(slot))) return true;
    const cached = tip === undefined ? undefined : this.#tips.get(tip);
    return cached !== undefined && cached.tokens * KEEP_SHARE <= tokens && this.#slots.some(({ busy }) => !busy);
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

  /** A cached prompt that shares more, and of which a greater share is kept. */
  #better(prompt: Prompt, keptBefore: number, sharedBefore: number): Entry | null {
    let best: Entry | null = null;
    let [mostKept, mostShared] = [keptBefore, sharedBefore];
    for (const entry of this.#cache) {
      if (!sharesMore(entry, prompt, Math.max(mostShared, KEEP_SHARE * entry.tokens - 1))) continue;
      const shared = sharedTokens(entry, prompt);
      const kept = shared / Math.max(1, entry.tokens);
      if (kept < KEEP_SHARE || kept <= mostKept || shared <= mostShared) continue;
      [best, mostKept, mostShared] = [entry, kept, shared];
    }
    return best;
  }

  #most(prompt: Prompt): number {
    return Math.max(0, ...this.#slots.map((slot) => sharedTokens(slot, prompt)));
  }

  /** Into the cache, where nothing there contains it; what it contains goes. */
  #save({ prompt, links, tokens }: Slot): void {
    if (tokens > this.#cacheTokens || this.#cache.some((entry) => contains(entry, prompt, links))) return;
    for (const entry of this.#cache.filter(({ prompt: kept, links: count }) =>
      contains({ prompt, links }, kept, count),
    ))
      this.#forget(entry);
    for (let [oldest] = this.#cache; oldest !== undefined; [oldest] = this.#cache) {
      if (this.#cached + tokens <= this.#cacheTokens && this.#cache.length < MOST_CACHED) break;
      this.#forget(oldest);
    }
    // The slot still holds these links, so that nobody need be told.
    const entry = { prompt, links, tokens };
    this.#cache.push(entry);
    this.#cached += tokens;
    const tip = prompt.links[links - 1];
    if (tip !== undefined) this.#tips.set(tip, entry);
  }

  #forget(entry: Entry): void {
    this.#cache.splice(this.#cache.indexOf(entry), 1);
    const tip = entry.prompt.links[entry.links - 1];
    if (tip !== undefined) this.#tips.delete(tip);
    this.#cached -= entry.tokens;
    this.#empty(entry);
  }

  #empty(entry: Entry): void {
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
    for (const entry of this.#cache.filter((each) => sharedLinks(each, slot.prompt) > found)) this.#forget(entry);
  }

  #shorten(entry: Entry, tokens: number): void {
    this.#shortenTo(entry, Math.min(entry.links, linksWithin(entry.prompt, tokens)));
  }

  #shortenTo(entry: Entry, links: number): void {
    const before = entry.links;
    const held = Math.max(links, Math.min(before, this.#held(entry.prompt, entry)));
    entry.links = links;
    entry.tokens = links === 0 ? 0 : (entry.prompt.depths[links - 1] ?? 0);
    this.#events.drop(entry.prompt, held, before);
  }

  /** First links of the prompt that anything here holds, this entry aside. */
  #held(prompt: Prompt, aside: Entry | null): number {
    let most = 0;
    for (const entry of this.#slots) if (entry !== aside) most = Math.max(most, sharedLinks(entry, prompt));
    for (const entry of this.#cache) if (entry !== aside) most = Math.max(most, sharedLinks(entry, prompt));
    return most;
  }
}

function emptyEntry(): Entry {
  return { prompt: NO_PROMPT, links: 0, tokens: 0 };
}

type Content = Pick<Entry, "prompt" | "links">;

function contains(content: Content, prompt: Prompt, links: number): boolean {
  return sharedLinks(content, prompt) >= links;
}

function sharedTokens(content: Content, prompt: Prompt): number {
  const links = sharedLinks(content, prompt);
  return links === 0 ? 0 : (prompt.depths[links - 1] ?? 0);
}

/** Whether it shares more than so many tokens: one look at the link that these end in, which costs less than counting. */
function sharesMore({ prompt: held, links }: Content, prompt: Prompt, tokens: number): boolean {
  const beyond = linksWithin(prompt, tokens);
  return beyond < Math.min(links, prompt.links.length) && held.links[beyond] === prompt.links[beyond];
}

/** By halving: links are cumulative. */
function sharedLinks({ prompt: held, links }: Content, prompt: Prompt): number {
  let same = 0;
  let other = Math.min(links, prompt.links.length) + 1;
  while (other - same > 1) {
    const middle = (same + other) >> 1;
    if (held.links[middle - 1] === prompt.links[middle - 1]) same = middle;
    else other = middle;
  }
  return same;
}

/** How many of its first links so many tokens fill. */
function linksWithin({ depths }: Prompt, tokens: number): number {
  let within = -1;
  let beyond = depths.length;
  while (beyond - within > 1) {
    const middle = (within + beyond) >> 1;
    if ((depths[middle] as number) > tokens) beyond = middle;
    else within = middle;
  }
  return beyond;
}
