const NOTHING = "-";

/** Three digits: 0.123, 4.56, 78.9, 1234; a dash where there is no number. */
export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return NOTHING;
  const size = Math.abs(value);
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
  return value.toFixed(digits);
}

/** "12.3 s", "456 ms", "0.789 ms". */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return NOTHING;
  return seconds < 0.9995 ? `${formatFigure(seconds * 1000)} ms` : `${formatFigure(seconds)} s`;
}
