import type { Check } from "../manifest.ts";
import { failureOf, wrongText } from "./failure.ts";
import { withLlamaServer } from "./llama-server.ts";
import { ECHO_CASES, type EchoCase, rightAnswer } from "./texts.ts";

/** One way to run the server: all of them must give the same text. */
export interface EchoRun {
  readonly slots: number;
  /** Tokens in a logical and in a physical batch. */
  readonly batch: number;
  readonly microBatch: number;
  readonly flashAttention: boolean;
}

/** Together: one slot and two in use at once, prompts in one piece and in many, flash attention and without. */
export const ECHO_RUNS: readonly EchoRun[] = [
  { slots: 1, batch: 2048, microBatch: 512, flashAttention: true },
  { slots: 2, batch: 64, microBatch: 32, flashAttention: true },
  { slots: 1, batch: 32, microBatch: 16, flashAttention: false },
  { slots: 2, batch: 2048, microBatch: 512, flashAttention: false },
];

export interface EchoOptions {
  /** What to call the model: "echo", "loud echo". */
  readonly name: string;
  readonly model: string;
  readonly run: EchoRun;
  readonly demanded: boolean;
  /** llama-server. */
  readonly program: string;
  readonly threads: number;
  readonly dir: string;
  readonly signal?: AbortSignal | undefined;
}

/** Every text must come back word for word. Throws only when cancelled: a server that dies is a failure like others. */
export async function checkEcho(options: EchoOptions): Promise<Check> {
  const { name, model, run, demanded, program, threads, dir, signal } = options;
  const began = performance.now();
  const failures: Check["failures"] = [];
  try {
    const server = { program, model, slots: run.slots, threads, dir, signal, args: serverFlags(run) };
    await withLlamaServer(server, async ({ ask }) => {
      const waiting = [...ECHO_CASES];
      const client = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const expected = rightAnswer(next);
          // A right answer has one token a byte and the end mark; a wrong one must not run on for long.
          const { text: got } = await ask(next.messages, Buffer.byteLength(expected) + 16);
          if (got !== expected) failures.push(failure(next, got));
        }
      };
      await Promise.all(Array.from({ length: run.slots }, client));
    });
  } catch (error) {
    signal?.throwIfAborted();
    failures.push(failureOf(error));
  }
  const seconds = (performance.now() - began) / 1000;
  return { name: `${name}, ${describe(run)}`, passed: failures.length === 0, demanded, seconds, failures };
}

function serverFlags({ batch, microBatch, flashAttention }: EchoRun): string[] {
  return ["--batch-size", `${batch}`, "--ubatch-size", `${microBatch}`, "--flash-attn", flashAttention ? "on" : "off"];
}

function describe({ slots, batch, microBatch, flashAttention }: EchoRun): string {
  return `${slots} ${slots === 1 ? "slot" : "slots"}, batch ${batch}/${microBatch}, flash attention ${flashAttention ? "on" : "off"}`;
}

function failure(echo: EchoCase, got: string): Check["failures"][number] {
  return wrongText(echo.name, rightAnswer(echo), got);
}
