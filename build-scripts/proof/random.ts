import type { BenchFigure, Check } from "../manifest.ts";
import { failureOf } from "./failure.ts";
import { type LlamaServerOptions, withLlamaServer } from "./llama-server.ts";

export interface RandomOptions {
  /** What to call the model. */
  readonly name: string;
  /** llama-bench on it. */
  readonly run: () => Promise<readonly BenchFigure[]>;
  readonly server: Omit<LlamaServerOptions, "slots" | "args">;
}

/** Longer than one block and one tile of any kernel, and not a multiple of either. */
const PROMPT = "Seven lamps, one for each stair, were lit before the guests arrived. ".repeat(5);

/**
 * A model of random weights has no right answer; that it is computed at all, in batches and one by one, is what kernels
 * for quantised weights (repacked ones, AMX) may fail at: with an illegal instruction, or a wild read.
 */
export async function checkRandom({ name, run, server }: RandomOptions): Promise<{
  check: Check;
  bench: readonly BenchFigure[];
}> {
  const began = performance.now();
  const failures: Check["failures"] = [];
  let bench: readonly BenchFigure[] = [];
  try {
    bench = await run();
    await withLlamaServer({ ...server, slots: 2, args: [] }, async ({ ask }) => {
      const messages = [{ role: "user" as const, content: PROMPT }];
      await Promise.all([ask(messages, 16), ask(messages, 16)]);
    });
  } catch (error) {
    server.signal?.throwIfAborted();
    failures.push(failureOf(error));
  }
  const seconds = (performance.now() - began) / 1000;
  return { check: { name, passed: failures.length === 0, demanded: true, seconds, failures }, bench };
}
