/**
 * A vocabulary of byte-pair encoding that grows a piece at a time. A piece is only taken where the pieces before it cut
 * its text into two: so its text becomes it, as it would in a vocabulary that was learned.
 */
export class Merges {
  readonly #ranks = new Map<string, number>();

  get size(): number {
    return this.#ranks.size;
  }

  /** In the order in which they were taken: the first is merged first. */
  pieces(): string[] {
    return [...this.#ranks.keys()];
  }

  /** Cuts a text, beginning with its symbols (characters): merges the neighbours of the least rank until none are left. */
  cut(text: string): string[] {
    const parts = [...text];
    for (;;) {
      let best = Number.POSITIVE_INFINITY;
      let place = -1;
      for (let at = 0; at + 1 < parts.length; at++) {
        const rank = this.#ranks.get(`${parts[at]}${parts[at + 1]}`);
        if (rank !== undefined && rank < best) {
          best = rank;
          place = at;
        }
      }
      if (place < 0) return parts;
      parts.splice(place, 2, `${parts[place]}${parts[place + 1]}`);
    }
  }

  /** True where the text was taken as a new piece. */
  take(text: string): boolean {
    if (this.#ranks.has(text) || this.cut(text).length !== 2) return false;
    this.#ranks.set(text, this.#ranks.size);
    return true;
  }

  /** Takes the pieces by which a word becomes one, from its beginning on, as far as that goes. */
  takeWord(word: string): void {
    for (let parts = this.cut(word); parts.length > 1; parts = this.cut(word)) {
      if (!this.take(`${parts[0]}${parts[1]}`)) return;
    }
  }
}
