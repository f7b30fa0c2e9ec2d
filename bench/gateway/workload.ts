import type { Question } from "../kit/client.ts";

/** What is asked of the fronts, and how much of it. The amounts are per round and front. */
export interface Workload {
  readonly title: string;
  /** A stream that ends soon: for the time to its first byte. Asked `turns` times, one at a time. */
  readonly probe: Question;
  readonly turns: number;
  /** Streams for CPU per chunk: `concurrency` at once, `waves` times. */
  readonly stream: Question;
  readonly concurrency: number;
  readonly waves: number;
  /** Events in each stream, [DONE] too; undefined where it is the engine's affair. */
  readonly chunks?: number;
  /** A plain answer, asked for `duration` milliseconds; null to leave it out. */
  readonly plain: Question | null;
  readonly duration: number;
}

const WORDS = "the quick brown fox jumps over a lazy dog while seven wizards quietly mix black liquid opals by dawn";
/** Events around the tokens of a synthetic stream: role, final, [DONE]. */
const FRAMING = 3;

/** Against the worker that computes nothing: all that is seen is the fronts. */
export function syntheticWorkload({
  tokens,
  concurrency,
  quick,
}: {
  tokens: number;
  concurrency: number;
  quick: boolean;
}): Workload {
  return {
    title: "a worker that computes nothing",
    probe: chat({ stream: true, max_tokens: 2 }),
    turns: quick ? 50 : 200,
    stream: chat({ stream: true, max_tokens: tokens }),
    concurrency,
    waves: quick ? 1 : 2,
    chunks: tokens + FRAMING,
    plain: chat({ stream: false, max_tokens: 16 }),
    duration: quick ? 1_000 : 2_000,
  };
}

/** Against llama-server with the echo model, which answers the message's 100 bytes in as many tokens. */
export function echoWorkload({ concurrency, quick }: { concurrency: number; quick: boolean }): Workload {
  return {
    title: "llama-server with the echo model",
    probe: chat({ stream: true, max_tokens: 4, temperature: 0 }),
    turns: quick ? 25 : 100,
    stream: chat({ stream: true, temperature: 0 }),
    concurrency,
    waves: quick ? 6 : 20,
    plain: null,
    duration: 0,
  };
}

function chat(fields: { stream: boolean; max_tokens?: number; temperature?: number }): Question {
  const body = JSON.stringify({ model: "echo", ...fields, messages: [{ role: "user", content: WORDS }] });
  return { path: "/v1/chat/completions", body: Buffer.from(body), streamed: fields.stream };
}
