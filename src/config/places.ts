/** From 1 on. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type Path = readonly PropertyKey[];

/** Where each key of a file stands. */
export class Places {
  readonly #places = new Map<string, Place>();

  /** @returns the earlier place of a key that was there before, and stays */
  add(path: Path, place: Place): Place | undefined {
    const name = JSON.stringify(path.map(String));
    const before = this.#places.get(name);
    if (before === undefined) this.#places.set(name, place);
    return before;
  }

  /** Of the key, or of the nearest that it is in. */
  of(path: Path): Place | null {
    for (let length = path.length; length > 0; length--) {
      const place = this.#places.get(JSON.stringify(path.slice(0, length).map(String)));
      if (place !== undefined) return place;
    }
    return null;
  }
}

/** "models.qwen.args[0]". A name with other signs than those of a word stands in quotes. */
export function keyText(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    const name = /^[\p{L}\p{N}_$:@+/-]+$/u.test(String(key)) ? String(key) : JSON.stringify(String(key));
    return text === "" ? name : `${text}.${name}`;
  }, "");
}
