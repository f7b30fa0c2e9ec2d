const UNITS = ["KiB", "MiB", "GiB", "TiB"] as const;

/** "0 B", "1023 B", "1.5 KiB", "24 GiB": three digits at most say enough to a person. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = value < 9.95 && !Number.isInteger(value) ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** For columns of one unit: 1572864 -> "1.5", 1073741824 -> "1024". */
export function inMebibytes(bytes: number): string {
  const value = bytes / 1024 ** 2;
  return value > 0 && value < 10 ? value.toFixed(1) : value.toFixed(0);
}
