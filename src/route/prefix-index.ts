import type { Prompt } from "./ask.ts";
import { type Capacity, Holdings } from "./holdings.ts";
import { LinkTable } from "./link-table.ts";

/**
 * Which upstream should still hold the beginning of a prompt. Upstreams are numbered as the rows of a Board.
 *
 * Chains are cumulative: who holds a link holds those before it, too. So of a prompt's links those that anybody holds
 * come first, and their holders become fewer from link to link: the deepest known one is found by halving, and so are
 * the links where holders become fewer. What it costs depends on the length of the prompt and on how many hold its
 * beginning, not on how many links are known.
 */
export class PrefixIndex {
  readonly #links = new LinkTable();
  readonly #rows: (Holdings | undefined)[] = [];
  readonly #levels: number[] = [];

  /** Links that are known. */
  get size(): number {
    return this.#links.size;
  }

  /** An upstream that holds nothing yet. */
  join(row: number, capacity: Capacity): Holdings {
    const holdings = new Holdings(capacity, {
      hold: (prompt, from, to) => this.#hold(row, prompt.links, from, to),
      drop: (prompt, from, to) => this.#drop(row, prompt.links, from, to),
    });
    this.#rows[row] = holdings;
    return holdings;
  }

  /** It has ended, and what it held with it. */
  leave(row: number): void {
    this.#rows[row]?.clear();
    this.#rows[row] = undefined;
  }

  /** Writes for each row how many tokens of the prompt its upstream holds at most, whoever uses them just now. */
  find({ links, depths }: Prompt, hits: Float64Array): void {
    hits.fill(0);
    const levels = this.#levels;
    levels.length = 0;
    // Deepest first. Where many hold it, a few more that hold a little more than the rest are not told apart.
    for (let level = this.#deepest(links, 1, links.length); level >= 0; ) {
      levels.push(level);
      const count = this.#links.countOf(links[level] as number);
      const fewer = this.#deepest(links, count + 1 + (count >> 2), level);
      level = fewer < 0 && level > 0 && this.#links.countOf(links[0] as number) > count ? 0 : fewer;
    }
    for (let at = levels.length - 1; at >= 0; at -= 1) {
      const level = levels[at] as number;
      this.#links.mark(links[level] as number, hits, depths[level] as number);
    }
  }

  /**
   * Tokens of the prompt that need not be computed if the upstream gets it now, by the engine's own rules.
   *
   * @param most what `find` has said
   */
  hit(row: number, prompt: Prompt, most?: number): number {
    return this.#rows[row]?.expect(prompt, most) ?? 0;
  }

  /** The last of the first links that so many hold; -1 where none does. */
  #deepest(links: readonly number[], holders: number, end: number): number {
    let known = -1;
    let unknown = end;
    while (unknown - known > 1) {
      const middle = (known + unknown) >> 1;
      if (this.#links.countOf(links[middle] as number) >= holders) known = middle;
      else unknown = middle;
    }
    return known;
  }

  #hold(row: number, links: readonly number[], from: number, to: number): void {
    for (let at = from; at < to; at += 1) this.#links.add(links[at] as number, row);
  }

  #drop(row: number, links: readonly number[], from: number, to: number): void {
    for (let at = from; at < to; at += 1) this.#links.remove(links[at] as number, row);
  }
}
