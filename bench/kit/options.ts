import { InvalidArgumentError } from "commander";

/** A whole number from 1. */
export function count(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("Give a whole number from 1.");
  return Number(text);
}

/** "a,b" -> ["a", "b"]. */
export function names(text: string): string[] {
  return text.split(",").filter((name) => name !== "");
}

/** "1,2,4" -> [1, 2, 4]. */
export function counts(text: string): number[] {
  return names(text).map(count);
}
