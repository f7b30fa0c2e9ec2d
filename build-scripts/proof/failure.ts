import type { Check } from "../manifest.ts";

type Failure = Check["failures"][number];

/** An answer that is not the right one. */
export function wrongText(name: string, expected: string, got: string): Failure {
  return { case: name, expected: shorten(expected, 200), got: shorten(got, 200) };
}

/** A server or program that died, or did not answer. */
export function failureOf(error: unknown): Failure {
  const got = error instanceof Error ? error.message : String(error);
  return { case: "the program", expected: "to answer", got: shorten(got, 1000) };
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}...`;
}
