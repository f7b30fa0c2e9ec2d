export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Drawn on from `value`, paler. Default: no more than `value`. */
  readonly most?: number | undefined;
  /** Behind the bar. */
  readonly text: string;
}

const FULL = "█";
const PALE = "░";
/** Eighths of a cell, from none to seven. */
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;
const LEAST_WIDTH = 8;

/** A bar a line, all to one scale that fills `width` columns together with labels and texts. */
export function bars(items: readonly Bar[], width: number): string {
  const largest = Math.max(...items.flatMap(({ value, most = value }) => [value, most]).filter(Number.isFinite));
  const labels = Math.max(0, ...items.map(({ label }) => label.length));
  const texts = Math.max(0, ...items.map(({ text }) => text.length));
  const room = Math.max(LEAST_WIDTH, width - labels - texts - 2);
  const cells = (value: number): number => (largest > 0 && Number.isFinite(value) ? (value / largest) * room : 0);
  return items
    .map(({ label, value, most = value, text }) => {
      const solid = bar(cells(value));
      const pale = PALE.repeat(Math.max(0, Math.round(cells(most)) - solid.length));
      return [label.padStart(labels), `${solid}${pale}`, text].filter((part) => part !== "").join(" ");
    })
    .join("\n");
}

function bar(cells: number): string {
  const eighths = Math.round(cells * 8);
  return FULL.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
}
