import type { Plan } from "../../index.ts";
import type { Colours } from "./colour.ts";

/** Columns: wider lines are hard to read, and a terminal is rarely narrower than this by much. */
const WIDTH = 100;

/** Each choice of a plan, then what is behind it, then what was not taken. */
export function renderReasons(reasons: Plan["why"], { bold, dim }: Colours): string {
  return reasons
    .map(({ about, choice, because, rejected }) =>
      [
        ...wrapped(`${about}: ${choice}`, "", "  ").map((line, index) =>
          index === 0 ? headed(line, about, bold) : line,
        ),
        ...wrapped(because, "  ", "  "),
        ...rejected.flatMap((not) => wrapped(`not ${not}`, "  ", "      ").map(dim)),
      ].join("\n"),
    )
    .join("\n");
}

function headed(line: string, about: string, bold: Colours["bold"]): string {
  return bold(about) + line.slice(about.length);
}

/** Lines of whole words: the first begins with `first`, the others with `next`. */
function wrapped(text: string, first: string, next: string): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(" ")) {
    const isEmpty = line.trim() === "";
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = next + word;
    } else {
      line += isEmpty ? word : ` ${word}`;
    }
  }
  return [...lines, line];
}
