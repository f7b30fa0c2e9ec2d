import { CorralError } from "../errors.ts";
import type { Origin } from "./layer.ts";

/** One thing that is wrong with a configuration. */
export interface Problem {
  /** Absolute; null where it came from a flag or a variable. */
  readonly file: string | null;
  /** From 1 on; null where it can't be told. */
  readonly line: number | null;
  readonly column: number | null;
  /** As a path: "models.qwen.workers"; empty where it is about the whole file. */
  readonly key: string;
  /** What is wrong, and what to do. */
  readonly message: string;
}

/** A problem with a setting: with its line, if it came from a file. */
export function problemAt(origin: Origin | null | undefined, key: string, message: string): Problem {
  if (origin?.kind !== "file") return { file: null, line: null, column: null, key, message };
  return { file: origin.name, line: origin.line, column: origin.column, key, message };
}

/** "/etc/corral/corral.yaml:3:5: ...", as compilers and editors write it. */
export function problemText({ file, line, column, message }: Problem): string {
  const place = [file, line, column].filter((part) => part !== null).join(":");
  return place === "" ? message : `${place}: ${message}`;
}

/** All of them in one error. @param problems at least one */
export function configError(problems: readonly Problem[], cause?: unknown): CorralError {
  const lines = problems.map(problemText);
  const message = lines.length === 1 ? lines[0] : `${lines.length} problems:\n${lines.join("\n")}`;
  return new CorralError("CORRAL_BAD_OPTION", message ?? "", { cause, facts: { problems } });
}
