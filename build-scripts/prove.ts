import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Arithmetic, BenchFigure, Check } from "./manifest.ts";
import type { BuildEvent } from "./options.ts";

export interface ProveOptions {
  /** The folder that has the programs. */
  readonly dir: string;
  readonly arithmetic: Arithmetic;
  /** CMake cache entries that it was configured with, NAME=VALUE; of a name the last one counts. */
  readonly defines: readonly string[];
  /** Threads for each server: no more than the CPUs this process may use. */
  readonly threads: number;
  readonly report: (event: BuildEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Proof {
  readonly passed: boolean;
  /** In the order they ran; what follows the first demanded failure was not run. */
  readonly checks: readonly Check[];
  readonly bench: readonly BenchFigure[];
}

/** One thing a build has to do. */
export type ProofStep = () => Promise<{ check: Check; bench?: readonly BenchFigure[] }>;

/**
 * Takes the steps, cheapest first, in a folder of their own. Throws only when cancelled; a wrong or dying build is a
 * proof that did not pass.
 *
 * @param stepsIn the steps; models and sockets may lie in the folder, whose path is short enough for a socket's
 */
export async function prove(
  { arithmetic, report, signal }: ProveOptions,
  stepsIn: (scratch: string) => readonly ProofStep[],
): Promise<Proof> {
  const scratch = await mkdtemp(join(shortTemporaryFolder(), "corral-proof-"));
  try {
    const steps = stepsIn(scratch);
    const checks: Check[] = [];
    const figures: BenchFigure[] = [];
    report({ kind: "stage", stage: "prove", text: "proving that the build computes right" });
    for (const [done, step] of steps.entries()) {
      signal?.throwIfAborted();
      const { check, bench: found = [] } = await step();
      checks.push(check);
      figures.push(...found);
      report({ kind: "progress", stage: "prove", done: done + 1, total: steps.length, secondsLeft: null });
      if (!check.passed && check.demanded) return { passed: false, checks, bench: figures };
      if (!check.passed) report({ kind: "warning", text: `with ${arithmetic} arithmetic it failed: ${check.name}` });
    }
    return { passed: true, checks, bench: figures };
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Sockets lie there, and a socket's path has 104 bytes on macOS, 108 on Linux. */
function shortTemporaryFolder(): string {
  return tmpdir().length < 60 ? tmpdir() : "/tmp";
}
