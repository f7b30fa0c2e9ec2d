import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeEchoModel } from "../src/model/echo.ts";
import { writeRandomModel } from "../src/model/random.ts";
import type { Arithmetic, BenchFigure, Check } from "./manifest.ts";
import type { BuildEvent } from "./options.ts";
import { bench } from "./proof/bench.ts";
import { checkEcho, ECHO_RUNS } from "./proof/echo.ts";
import { checkRandom } from "./proof/random.ts";

export interface ProveOptions {
  /** The folder that has llama-server and llama-bench. */
  readonly dir: string;
  readonly arithmetic: Arithmetic;
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

/**
 * Times as loud as the quiet echo, whose scores just fit half precision: 1.6 * 10^5, as large as some real models'.
 * A build that sums in half precision gets it wrong, and nothing else does.
 */
const LOUD = 5;

/**
 * Whether a build computes right: models whose answer is known come back word for word, and quantised ones run without
 * dying. Well under a minute. Throws only when cancelled; a wrong or dying build is a proof that did not pass.
 */
export async function prove(options: ProveOptions): Promise<Proof> {
  const { arithmetic, report, signal } = options;
  const scratch = await mkdtemp(join(shortTemporaryFolder(), "corral-proof-"));
  try {
    const steps = stepsOf(options, scratch);
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

type Step = () => Promise<{ check: Check; bench?: readonly BenchFigure[] }>;

/** What a build has to do, cheapest first. */
function stepsOf({ dir, arithmetic, threads, signal }: ProveOptions, scratch: string): readonly Step[] {
  const server = { program: join(dir, "llama-server"), threads, dir: scratch, signal };
  const echo = (name: string, loud: number, demanded: boolean): Step[] => {
    const model = join(scratch, `echo-${loud}.gguf`);
    return ECHO_RUNS.map((run, index) => async () => {
      if (index === 0) await writeEchoModel(model, { loud, type: "f16" });
      return { check: await checkEcho({ name, model, run, demanded, ...server }) };
    });
  };
  const random = (type: "q4_0" | "q8_0"): Step => {
    const model = join(scratch, `random-${type}.gguf`);
    const name = `random ${type.toUpperCase()}`;
    return async () => {
      await writeRandomModel(model, { preset: "tiny", type });
      return checkRandom({
        name,
        run: () => bench({ program: join(dir, "llama-bench"), model, name, threads, signal }),
        server: { ...server, model },
      });
    };
  };
  return [...echo("echo", 1, true), ...echo("loud echo", LOUD, arithmetic === "safe"), random("q4_0"), random("q8_0")];
}

/** Sockets lie there, and a socket's path has 104 bytes on macOS, 108 on Linux. */
function shortTemporaryFolder(): string {
  return tmpdir().length < 60 ? tmpdir() : "/tmp";
}
