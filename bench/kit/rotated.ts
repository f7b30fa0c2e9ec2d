/** The list, begun at another place each turn: nobody is always first, or always after the same one. */
export function rotated<T>(list: readonly T[], turn: number): T[] {
  const start = turn % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
