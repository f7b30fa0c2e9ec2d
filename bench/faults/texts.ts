/**
 * Texts of random letters, the same at each run, each another. The echo model loses its place where some 14 bytes come
 * twice, and beyond 1,500 bytes.
 */
export class Texts {
  #state = 20_261_128;

  /** Words of 3 to 8 letters, together `bytes` or up to eight more. */
  next(bytes: number): string {
    let text = this.#word();
    while (text.length < bytes) text += ` ${this.#word()}`;
    return text;
  }

  /** A whole number from 0, less than `below`. */
  below(below: number): number {
    // Numerical Recipes' generator; its upper bits are the good ones.
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * below);
  }

  #word(): string {
    return Array.from({ length: 3 + this.below(6) }, () => String.fromCharCode(97 + this.below(26))).join("");
  }
}
