import { PromptCache } from "./prompt-cache.ts";
import { commonPrefix, EMPTY, firstTokens, joined, type Piece, type Text } from "./text.ts";

/** A slot is chosen for what it holds from this share of the prompt on (`-sps`); below, the one not used for longest is. */
const LEAST_SIMILAR = 0.1;
/** A slot that would keep less than this share of what it holds is saved first. */
const MOST_LOST = 0.5;

export interface Slot {
  held: Text;
  isBusy: boolean;
  /** Rises with each end of an answer; -1 before the first. */
  lastUsed: number;
}

/** llama-server's choice of a slot and its moves between slots and the cache in RAM, by its source (v0.5.0). */
export class Slots {
  readonly all: readonly Slot[];
  readonly #cache: PromptCache;
  #uses = 0;

  /** @param cacheTokens What `--cache-ram` has room for. */
  constructor(count: number, cacheTokens: number) {
    this.all = Array.from({ length: count }, () => ({ held: EMPTY, isBusy: false, lastUsed: -1 }));
    this.#cache = new PromptCache(cacheTokens);
  }

  /** Makes a slot busy with a prompt, and tells how many of its tokens need not be computed. Throws where none is idle. */
  begin(prompt: Text): { slot: Slot; cached: number } {
    const slot = this.#choose(prompt);
    slot.isBusy = true;
    // The last token is always computed: its result is what the answer begins from.
    const cached = Math.min(commonPrefix(slot.held, prompt), prompt.length - 1);
    slot.held = prompt;
    // Each start saves what lies in the idle slots (`--cache-idle-slots`, which is on).
    for (const { held, isBusy } of this.all) if (!isBusy) this.#cache.save(held);
    return { slot, cached };
  }

  /** The answer has ended. Its last token has been sampled and not computed. */
  end(slot: Slot, answer: Piece): void {
    slot.held = joined(
      slot.held,
      ...firstTokens({ pieces: [answer], length: answer.tokens }, answer.tokens - 1).pieces,
    );
    slot.isBusy = false;
    slot.lastUsed = ++this.#uses;
  }

  #choose(prompt: Text): Slot {
    const idle = this.all.filter(({ isBusy }) => !isBusy);
    const similar = mostSimilar(idle, prompt);
    const slot = similar?.slot ?? leastRecentlyUsed(idle);
    if (slot === undefined) throw new Error("A request was given to a worker whose slots are all busy.");
    const losesMuch = similar === null || similar.common / slot.held.length < MOST_LOST;
    if (losesMuch) {
      this.#cache.save(slot.held);
      slot.held = this.#cache.take(slot.held, prompt) ?? slot.held;
    }
    return slot;
  }
}

function mostSimilar(idle: readonly Slot[], prompt: Text): { slot: Slot; common: number } | null {
  let best: { slot: Slot; common: number } | null = null;
  for (const slot of idle) {
    const common = commonPrefix(slot.held, prompt);
    if (common > LEAST_SIMILAR * prompt.length && common > (best?.common ?? 0)) best = { slot, common };
  }
  return best;
}

/** Of equals the last one, as the engine goes through them. */
function leastRecentlyUsed(idle: readonly Slot[]): Slot | undefined {
  return idle.reduce<Slot | undefined>((best, slot) => {
    return best === undefined || slot.lastUsed <= best.lastUsed ? slot : best;
  }, undefined);
}
