/** A run of tokens. Two with the same id hold the same tokens, as far as the shorter one goes. */
export interface Piece {
  readonly id: number;
  readonly tokens: number;
}

/** What a prompt or a slot holds, known by its pieces: the simulator needs to know what is the same, never what it says. */
export interface Text {
  readonly pieces: readonly Piece[];
  /** In tokens. */
  readonly length: number;
}

export const EMPTY: Text = { pieces: [], length: 0 };

export function textOf(pieces: readonly Piece[]): Text {
  return { pieces, length: pieces.reduce((sum, { tokens }) => sum + tokens, 0) };
}

export function joined(text: Text, ...pieces: readonly Piece[]): Text {
  return textOf([...text.pieces, ...pieces]);
}

/** Tokens that both begin with. */
export function commonPrefix(a: Text, b: Text): number {
  let common = 0;
  for (const [index, piece] of a.pieces.entries()) {
    const other = b.pieces[index];
    if (other === undefined || other.id !== piece.id) break;
    common += Math.min(piece.tokens, other.tokens);
    if (piece.tokens !== other.tokens) break;
  }
  return common;
}

/** Its first so many tokens; all of it where it has no more. */
export function firstTokens(text: Text, tokens: number): Text {
  if (tokens >= text.length) return text;
  const pieces: Piece[] = [];
  let left = tokens;
  for (const piece of text.pieces) {
    if (left <= 0) break;
    pieces.push({ id: piece.id, tokens: Math.min(left, piece.tokens) });
    left -= piece.tokens;
  }
  return textOf(pieces);
}
