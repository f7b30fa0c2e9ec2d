import type { Ending, FailureReason } from "./engine.ts";

/** What a program writes before it ends; the first match wins: a narrow cause stands before a wide one. */
export type Signs = readonly (readonly [RegExp, FailureReason])[];

/** Why it ended: by how the process went, else by what it wrote. Pure. */
export function classifyEnding({ exitCode, signal, outOfMemory, tail }: Ending, signs: Signs): FailureReason {
  if (outOfMemory) return "out-of-memory";
  if (signal === "SIGILL") return "illegal-instruction";
  if (signal === "SIGKILL" || exitCode === 137) return "killed";
  const text = tail.join("\n");
  const sign = signs.find(([pattern]) => pattern.test(text));
  if (sign !== undefined) return sign[1];
  return signal === null ? "exited" : "crashed";
}
