import type { Merges } from "./merges.ts";
import { RandomNumbers } from "./random-numbers.ts";

/** Any seed would do; always the same one, so that a vocabulary is. */
const SEED = 4;
const LONGEST = 8;
const LONGEST_CHINESE = 4;

export interface Growth {
  /** Latin letters and the mark of a word's beginning. */
  readonly letters: readonly string[];
  /** Chinese characters, each as symbols. */
  readonly characters: readonly string[];
}

/** Fills a vocabulary with joins of its pieces until it has `size`: half in letters, half in Chinese characters. */
export function grow(merges: Merges, size: number, { letters, characters }: Growth): void {
  const random = new RandomNumbers(SEED);
  const latin = [...letters];
  const chinese = [...characters];
  const symbols = chinese[0]?.length ?? 1;
  const mark = letters[0] ?? "";
  while (merges.size < size) {
    const [pool, longest] = random.below(2) === 0 ? [latin, LONGEST] : [chinese, LONGEST_CHINESE * symbols];
    const joined = random.pick(pool) + random.pick(pool);
    if (joined.length > longest || joined.lastIndexOf(mark) > 0) continue;
    if (merges.take(joined)) pool.push(joined);
  }
}
