/**
 * The merges that give what a list of ranks gives. tiktoken joins any two neighbours whose bytes together are a token,
 * lowest rank first; so each way to cut a token into two others is a merge. In order of rank; of one token's, that with
 * the longer left part first. Texts are in GPT-2's spelling of bytes, a character a byte, and hold no blank.
 */
export function mergesOf(tokens: readonly string[]): string[] {
  const known = new Set(tokens);
  return tokens.flatMap((token) =>
    Array.from({ length: token.length - 1 }, (_, index) => token.length - 1 - index)
      .map((at): [string, string] => [token.slice(0, at), token.slice(at)])
      .filter(([left, right]) => known.has(left) && known.has(right))
      .map(([left, right]) => `${left} ${right}`),
  );
}

/** Whether joining neighbours leads from a token's bytes to the token. It need not: tiktoken looks whole words up first. */
export function isReachable(token: string, ranks: ReadonlyMap<string, number>): boolean {
  let parts = [...token];
  while (parts.length > 1) {
    const { at, rank } = lowest(parts, ranks);
    if (rank === Number.POSITIVE_INFINITY) return false;
    parts = [...parts.slice(0, at), `${parts[at]}${parts[at + 1]}`, ...parts.slice(at + 2)];
  }
  return true;
}

function lowest(parts: readonly string[], ranks: ReadonlyMap<string, number>): { at: number; rank: number } {
  let best = { at: 0, rank: Number.POSITIVE_INFINITY };
  for (let at = 0; at + 1 < parts.length; at++) {
    const rank = ranks.get(`${parts[at]}${parts[at + 1]}`) ?? Number.POSITIVE_INFINITY;
    if (rank < best.rank) best = { at, rank };
  }
  return best;
}
