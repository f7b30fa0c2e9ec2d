/** A Markdown table whose source is aligned too, so that a terminal and a docs page show the same lines. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => pad(cells[column] ?? "", width, column)).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}

/** Three digits, and no finer than a thousandth: 0.012, 4.56, 78.9, 1234. A dash where there is nothing to say. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  return value.toFixed(3);
}

/** "1.9x", and "1.9x (1.7 to 2.2)" where rounds give a spread. */
export function times({ median, least, most }: { median: number; least?: number; most?: number }): string {
  if (!Number.isFinite(median)) return "-";
  const isSpread = least !== undefined && most !== undefined && least !== most;
  const spread = !isSpread ? "" : ` (${figure(least)} to ${figure(most)})`;
  return `${figure(median)}x${spread}`;
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}
