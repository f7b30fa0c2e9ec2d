import { InvalidArgumentError } from "commander";

/** A whole number from 1. */
export function count(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("Give a whole number from 1.");
  return Number(text);
}

/** "a,b" -> ["a", "b"], each one of `allowed`. */
export function namesAmong(allowed: readonly string[]): (text: string) => string[] {
  return (text) => {
    const names = text.split(",");
    if (names.every((name) => allowed.includes(name))) return names;
    throw new InvalidArgumentError(`Give some of: ${allowed.join(",")}.`);
  };
}

/** "1,2,4" -> [1, 2, 4]. */
export function counts(text: string): number[] {
  return text.split(",").map(count);
}
