import { execa } from "execa";
import { z } from "zod";
import { tiedToParent } from "../child.ts";
import type { BenchFigure } from "../manifest.ts";

/** Prompt and answer lengths: long enough for whole tiles and blocks, short enough for seconds. */
const PREFILL_TOKENS = 256;
const DECODE_TOKENS = 32;
/** Milliseconds. */
const LIMIT = 120_000;

/** The fields of llama-bench's JSON that are used. */
const rows = z.array(z.object({ n_prompt: z.number(), n_gen: z.number(), n_threads: z.number(), avg_ts: z.number() }));

export interface BenchOptions {
  readonly program: string;
  readonly model: string;
  /** What to call the model. */
  readonly name: string;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs llama-bench. Throws where it dies, with its last lines and the signal that ended it. */
export async function bench({ program, model, name, threads, signal }: BenchOptions): Promise<BenchFigure[]> {
  const [file, args] = tiedToParent("KILL", program, [
    ...["-m", model, "-p", `${PREFILL_TOKENS}`, "-n", `${DECODE_TOKENS}`, "-r", "2", "-t", `${threads}`, "-o", "json"],
  ]);
  const { stdout, stderr, failed, ...end } = await execa(file, args, {
    reject: false,
    timeout: LIMIT,
    killSignal: "SIGKILL",
    ...(signal && { cancelSignal: signal }),
  });
  signal?.throwIfAborted();
  if (failed) {
    const how = end.signal ?? (end.timedOut ? `no end in ${LIMIT / 1000} s` : `exit code ${end.exitCode}`);
    throw new Error(`llama-bench ended (${how}): ${stderr.trimEnd().split("\n").slice(-8).join(" | ")}`);
  }
  return rows.parse(JSON.parse(stdout)).map((row) => ({
    model: name,
    phase: row.n_prompt > 0 ? "prefill" : "decode",
    threads: row.n_threads,
    tokens: row.n_prompt || row.n_gen,
    tokensPerSecond: row.avg_ts,
  }));
}
