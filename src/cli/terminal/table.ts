import { stripVTControlCharacters } from "node:util";

export interface Column {
  readonly title: string;
  /** Default "left". */
  readonly align?: "left" | "right";
}

/** Lines of aligned cells, two spaces between columns, no trailing blanks; a header line when any column has a title. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const titles = columns.map(({ title }) => title);
  const lines = titles.some((title) => title !== "") ? [titles, ...rows] : rows;
  const widths = columns.map((_, index) => Math.max(0, ...lines.map((cells) => displayWidth(cells[index] ?? ""))));
  return lines
    .map((cells) =>
      columns
        .map(({ align }, index) => pad(cells[index] ?? "", widths[index] ?? 0, align))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function pad(text: string, width: number, align: Column["align"]): string {
  const blanks = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "right" ? blanks + text : text + blanks;
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]|\p{Emoji_Presentation}/u;

/** Columns that a text takes in a terminal: colours take none, East Asian characters and emoji two. */
export function displayWidth(text: string): number {
  const characters = stripVTControlCharacters(text).replace(/\p{Mark}/gu, "");
  return Array.from(characters, (character): number => (WIDE.test(character) ? 2 : 1)).reduce(
    (sum, width) => sum + width,
    0,
  );
}
