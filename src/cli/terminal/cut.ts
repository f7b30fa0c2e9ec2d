import { displayWidth } from "./table.ts";

const COLOUR = "\u001b";
const PARTS = new RegExp(`${COLOUR}\\[[0-9;]*m|.`, "gsu");

/** A line no wider than so many columns; where something is cut off it ends with "…". Colours end as they would have. */
export function cut(line: string, columns: number): string {
  if (displayWidth(line) <= columns) return line;
  let kept = "";
  let width = 0;
  for (const [part] of line.matchAll(PARTS)) {
    const isColour = part.startsWith(COLOUR);
    const before = width;
    if (!isColour) width += displayWidth(part);
    if (isColour || width < columns) kept += part;
    else if (before < columns) {
      kept += "…";
      width = columns;
    }
  }
  return columns > 0 ? kept : "";
}
